//! Words that say whom a clause is for, and what it is about. Text is read in Simplified script.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::lexicon::Lexicon;
use super::{Aspect, Reason};
use crate::policies::cutting::text::{Text, ends_with, places, starts_with};
use crate::registry::codes::industries;

/// A word, what it speaks for, and between which words it does not.
struct Rule {
    aspect: Aspect,
    values: Vec<String>,
    not_after: &'static [&'static str],
    not_before: &'static [&'static str],
    /// Only where one of these follows soon.
    only_before: &'static [&'static str],
}

/// What a firm is to become is not what it is.
const BECOMING: &[&str] = &["成长为", "成为", "升级为", "发展为", "培育成", "培育为", "转为"];
/// A figure of all of them is for none of them.
const COUNTED: &[&str] = &["数量", "总数", "总量", "占", "达到", "增加值", "突破"];

/// 国科发火〔2016〕32号 and the other orders by which firms are certified.
const LABELS: [(&str, &str); 10] = [
    ("高新技术企业", "high_tech"),
    ("高企", "high_tech"),
    ("科技型中小企业", "sme_tech"),
    ("专精特新", "specialised"),
    ("小巨人", "specialised"),
    ("瞪羚", "gazelle"),
    ("独角兽", "unicorn"),
    ("科技领军", "leading"),
    ("领军企业", "leading"),
    ("创新型领军", "leading"),
];

/// 工信部联企业〔2011〕300号.
const SCALES: [(&str, &[&str]); 10] = [
    ("中小微企业", &["micro", "small", "medium"]),
    ("小微企业", &["micro", "small"]),
    ("小型微型企业", &["micro", "small"]),
    ("小型、微型企业", &["micro", "small"]),
    ("中小企业", &["small", "medium"]),
    ("微型企业", &["micro"]),
    ("小型企业", &["small"]),
    ("中型企业", &["medium"]),
    ("大型企业", &["large"]),
    ("大中型企业", &["medium", "large"]),
];

/// Words that are not the names of GB/T 4754-2017, with its codes.
const INDUSTRIES: [(&str, &[&str]); 28] = [
    ("五金", &["C33"]),
    ("金属制品", &["C33"]),
    ("通用设备", &["C34"]),
    ("专用设备", &["C35"]),
    ("机械制造", &["C34", "C35"]),
    ("装备制造", &["C34", "C35", "C37", "C38"]),
    ("医药制造", &["C27"]),
    ("生物医药", &["C27"]),
    ("汽车零部件", &["C367"]),
    ("汽车制造", &["C36"]),
    ("电子信息", &["C39"]),
    ("电气机械", &["C38"]),
    ("仪器仪表", &["C40"]),
    ("化工", &["C26"]),
    ("钢铁", &["C31"]),
    ("建材", &["C30"]),
    ("玻璃", &["C304", "C305"]),
    ("纺织", &["C17"]),
    ("服装", &["C18"]),
    ("家具", &["C21"]),
    ("食品加工", &["C13", "C14"]),
    ("农产品加工", &["C13"]),
    ("塑料制品", &["C292"]),
    ("软件", &["I65"]),
    ("物流", &["G"]),
    ("种植", &["A01"]),
    ("养殖", &["A03", "A04"]),
    ("制造业", &["C"]),
];

/// What follows the name of an industry where a clause is for its firms.
const FIRMS: &[&str] = &["企业", "行业", "业企业", "制造企业", "生产企业", "加工企业", "产业企业"];

const TOPICS: [(&str, &[&str]); 12] = [
    ("人才", &["人才", "引才", "科研人员"]),
    ("金融", &["贷款", "信贷", "融资", "担保", "基金", "保险", "贴息"]),
    ("税收", &["税收", "加计扣除", "减免税", "所得税"]),
    ("知识产权", &["知识产权", "专利", "商标"]),
    ("研发", &["研发", "技术攻关", "关键技术", "关键核心技术"]),
    ("成果转化", &["成果转化", "成果转移转化", "技术转移", "技术合同", "中试"]),
    (
        "创新平台",
        &["重点实验室", "技术创新中心", "工程研究中心", "新型研发机构", "孵化器", "众创空间", "产业技术研究院"],
    ),
    ("技术改造", &["技术改造", "设备更新", "技改"]),
    ("数字化", &["数字化", "智能化", "工业互联网", "网络化"]),
    ("绿色低碳", &["绿色", "低碳", "节能", "环保"]),
    ("用地", &["用地", "土地"]),
    ("奖补", &["奖励", "补助", "补贴", "奖补", "后补助"]),
];

static RULES: LazyLock<Lexicon<Rule>> = LazyLock::new(|| {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let rule = |aspect, values| Rule { aspect, values, not_after: &[], not_before: &[], only_before: &[] };
    let mut rules: Vec<(String, Rule)> = Vec::new();
    for (word, label) in LABELS {
        let label = rule(Aspect::Label, owned(&[label]));
        rules.push((word.to_owned(), Rule { not_after: BECOMING, not_before: COUNTED, ..label }));
    }
    for (word, scales) in SCALES {
        let not_after = &["大", "科技型", "中"][..];
        rules.push((word.to_owned(), Rule { not_after, not_before: COUNTED, ..rule(Aspect::Scale, owned(scales)) }));
    }
    for (word, codes) in INDUSTRIES {
        rules.push((word.to_owned(), Rule { only_before: FIRMS, ..rule(Aspect::Industry, owned(codes)) }));
    }
    // Of the standard's own names those that nobody writes for anything else.
    let named =
        industries().items().iter().filter(|item| (3..=4).contains(&item.code.len()) && item.name.chars().count() >= 4);
    for item in named.filter(|item| item.name.ends_with('业')) {
        rules.push((item.name.clone(), rule(Aspect::Industry, vec![item.code.clone()])));
    }
    for (topic, words) in TOPICS {
        rules.extend(words.iter().map(|word| ((*word).to_owned(), rule(Aspect::Topic, owned(&[topic])))));
    }
    Lexicon::of(rules)
});

/// What the words of a place speak for. A word within a longer one that speaks for the same is not heard.
pub fn found(text: &Text, place: &Range<usize>) -> Vec<Reason> {
    let plain = text.plain(place);
    let mut heard: Vec<(usize, usize, &Rule)> =
        RULES.found(plain).filter(|(at, length, rule)| rule.holds(plain, *at, *length)).collect();
    heard.sort_by_key(|(at, length, _)| (*at, Reverse(*length)));
    let mut ends: HashMap<Aspect, usize> = HashMap::new();
    let mut reasons = Vec::new();
    for (at, length, rule) in heard {
        let end = ends.entry(rule.aspect).or_default();
        if at + length <= *end {
            continue;
        }
        *end = at + length;
        let place = place.start + at..place.start + at + length;
        reasons.extend(rule.values.iter().map(|value| Reason {
            aspect: rule.aspect,
            value: value.clone(),
            words: text.given(&place),
            start: place.start,
            end: place.end,
        }));
    }
    reasons
}

impl Rule {
    fn holds(&self, plain: &[char], at: usize, length: usize) -> bool {
        let (before, after) = (plain.get(..at).unwrap_or_default(), plain.get(at + length..).unwrap_or_default());
        // 业、生产 and their like may stand between an industry and its firms.
        let soon = after.get(..after.len().min(6)).unwrap_or_default();
        !self.not_after.iter().any(|word| ends_with(before, word))
            && !self.not_before.iter().any(|word| starts_with(after, word))
            && (self.only_before.is_empty()
                || self.only_before.iter().any(|word| places(soon, word).next().is_some())
                || starts_with(after, "业"))
    }
}
