//! Words that tell nothing about the matter: function words, and what every letter of demand says.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

static STOP_WORDS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| CHINESE.split_whitespace().chain(ENGLISH.split_whitespace()).collect());

/// Is the word, in normal form, one of those?
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(word)
}

const CHINESE: &str = "
    的 了 和 与 及 或 在 是 为 以 于 对 从 到 由 被 把 将 让 使 使得 而 且 并 并且 但 但是 而且 因为 所以 因此 由于 如果 虽然 然而 则 就 都 也 还
    又 再 更 最 很 太 较 比较 非常 十分 只 只有 只是 不 没 没有 无 有 有着 具有 这 那 此 该 其 其中 其他 它 他 她 我 你 您 们 我们 你们 他们 自己
    这个 那个 这些 那些 这样 那样 这种 一 一个 一种 一些 一直 一下 两 几 各 各种 每 某 等 等等 之 之间 之后 之前 以及 以上 以下 以后 以前 以来
    中 上 下 里 内 外 前 后 时 时候 期间 通过 根据 按照 关于 对于 随着 作为 用 使用 利用 采用 进行 可以 能 能够 会 应 应该 需 需要 要 得 地 着 过
    来 去 上来 出 出来 起来 给 向 往 同 跟 像 如 如何 怎么 怎样 什么 哪 哪些 谁 多 少 多少 大约 左右 约 已 已经 曾 正在 目前 现在 当前 现有 近年
    近年来 一般 主要 基本 同时 此外 另外 尤其 特别 例如 比如 即 即可 所 所有 全部 整个 本 本文 本项目 本公司 我公司 我厂 我司 我方 公司 厂里 厂子
    希望 寻求 求助 求 解决 帮助 帮忙 请 谢谢 问题 难题 困难 办法 方法 情况 方面 专家 老师 单位 愿意 想 找 能否 是否 有没有 联系 合作 支持
    提出 提供 实现 开展 存在 出现 导致 造成 影响 提高 改善 降低 增加 减少 达到 保证 确保 满足 符合 研究 分析 结果 表明 得到 探讨 论述 介绍
    ";

const ENGLISH: &str = "
    a an the and or of in on at to for from by with without as is are was were be been being it its this that these those
    we our you your they their he she his her not no can could may might will would shall should do does did has have had
    if then than so such which who what when where how all any each some more most other into over under between about
    ";
