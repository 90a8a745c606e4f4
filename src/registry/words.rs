//! The words of the closed lists as people say them. What is kept and sent is the word of the list.

/// Words with what people say in Chinese.
pub type Words = &'static [(&'static str, &'static str)];

pub const ORGANISATION_KINDS: Words = &[
    ("university", "高校"),
    ("institute", "科研院所"),
    ("enterprise", "企业"),
    ("agency", "中介机构"),
    ("government", "政府部门"),
];

pub const SCALES: Words = &[("micro", "微型"), ("small", "小型"), ("medium", "中型"), ("large", "大型")];

pub const ORGANISATION_LABELS: Words = &[
    ("high_tech", "高新技术企业"),
    ("sme_tech", "科技型中小企业"),
    ("specialised", "专精特新"),
    ("gazelle", "瞪羚"),
    ("unicorn", "独角兽"),
    ("leading", "科技领军"),
];

pub const RESULT_FORMS: Words = &[
    ("technology", "新技术"),
    ("process", "新工艺"),
    ("product", "新产品"),
    ("material", "新材料"),
    ("equipment", "新装备"),
    ("variety", "农业生物新品种"),
    ("software", "软件"),
    ("other", "其他"),
];

pub const COOPERATION: Words = &[
    ("transfer", "转让"),
    ("license", "许可"),
    ("joint_development", "合作开发"),
    ("equity", "作价入股"),
    ("consulting", "咨询"),
    ("service", "技术服务"),
];

pub const RESULT_STATUS: Words =
    &[("draft", "草稿"), ("published", "已发布"), ("withdrawn", "已撤回"), ("transferred", "已转化")];

pub const PUBLICATION_STATUS: Words = &[("draft", "草稿"), ("published", "已发布"), ("withdrawn", "已撤回")];

pub const INTELLECTUAL_PROPERTY_KINDS: Words = &[
    ("invention", "发明"),
    ("utility_model", "实用新型"),
    ("design", "外观设计"),
    ("software_copyright", "软件著作权"),
    ("plant_variety", "植物新品种"),
    ("layout_design", "集成电路布图设计"),
    ("trade_secret", "技术秘密"),
    ("standard", "标准"),
    ("other", "其他"),
];

pub const INTELLECTUAL_PROPERTY_STATUS: Words = &[
    ("applied", "申请中"),
    ("published", "已公布"),
    ("granted", "已授权"),
    ("expired", "已失效"),
    ("unregistered", "未登记"),
];

pub const EXPERT_CATEGORIES: Words = &[
    ("research", "科研"),
    ("quality", "质量"),
    ("information", "信息"),
    ("production", "生产"),
    ("management", "管理"),
];

pub const EXPERT_SERVICES: Words = &[
    ("diagnosis", "诊断"),
    ("consulting", "咨询"),
    ("training", "培训"),
    ("on_site", "驻厂"),
    ("joint_development", "合作开发"),
    ("review", "评审"),
];

pub const WANTED: Words = &[("result", "成果"), ("expert", "专家")];

pub const CONFIDENTIALITY: Words = &[("public", "公开"), ("members", "会员可见"), ("centre_only", "仅中心可见")];

pub const DEMAND_STATUS: Words =
    &[("open", "征集中"), ("docking", "对接中"), ("solved", "已解决"), ("closed", "已关闭")];

pub const POLICY_LEVELS: Words = &[("national", "国家"), ("provincial", "省"), ("municipal", "市"), ("county", "县")];

/// The lists of a field. One inside another is named with a dot between them.
fn lists(field: &str) -> &'static [Words] {
    match field {
        "kind" => &[ORGANISATION_KINDS],
        "scale" => &[SCALES],
        "labels" => &[ORGANISATION_LABELS],
        "form" => &[RESULT_FORMS],
        "cooperation" => &[COOPERATION],
        "status" => &[RESULT_STATUS, DEMAND_STATUS],
        "intellectual_property.kind" => &[INTELLECTUAL_PROPERTY_KINDS],
        "intellectual_property.status" => &[INTELLECTUAL_PROPERTY_STATUS],
        "categories" => &[EXPERT_CATEGORIES],
        "services" => &[EXPERT_SERVICES],
        "wanted" => &[WANTED],
        "confidentiality" => &[CONFIDENTIALITY],
        "level" => &[POLICY_LEVELS],
        _ => &[],
    }
}

/// What a word of a field is called in Chinese; a text of a field that has no closed list is itself.
#[must_use]
pub fn zh<'a>(field: &str, word: &'a str) -> &'a str {
    lists(field).iter().copied().flatten().find(|(known, _)| *known == word).map_or(word, |(_, zh)| zh)
}

/// The same in English, where words are called as they are written.
#[must_use]
pub fn en(field: &str, word: &str) -> String {
    let is_word = lists(field).iter().copied().flatten().any(|(known, _)| *known == word);
    if is_word { word.replace('_', " ") } else { word.to_owned() }
}

/// What the policies of a level are called.
#[must_use]
pub fn policies_of(level: &str) -> &str {
    match level {
        "national" => "国家政策",
        "provincial" => "省级政策",
        "municipal" => "市级政策",
        "county" => "县级政策",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::fields::{
        ConfidentialityLevel, Cooperation, DemandStatus, ExpertCategory, ExpertService, IntellectualPropertyKind,
        IntellectualPropertyStatus, OrganisationKind, OrganisationLabel, PolicyLevel, PublicationStatus, ResultForm,
        ResultStatus, Scale, Wanted,
    };

    #[test]
    fn every_word_of_a_list_is_said() {
        let lists: [(Words, &[&str]); 15] = [
            (ORGANISATION_KINDS, OrganisationKind::WORDS),
            (SCALES, Scale::WORDS),
            (ORGANISATION_LABELS, OrganisationLabel::WORDS),
            (RESULT_FORMS, ResultForm::WORDS),
            (COOPERATION, Cooperation::WORDS),
            (RESULT_STATUS, ResultStatus::WORDS),
            (PUBLICATION_STATUS, PublicationStatus::WORDS),
            (INTELLECTUAL_PROPERTY_KINDS, IntellectualPropertyKind::WORDS),
            (INTELLECTUAL_PROPERTY_STATUS, IntellectualPropertyStatus::WORDS),
            (EXPERT_CATEGORIES, ExpertCategory::WORDS),
            (EXPERT_SERVICES, ExpertService::WORDS),
            (WANTED, Wanted::WORDS),
            (CONFIDENTIALITY, ConfidentialityLevel::WORDS),
            (DEMAND_STATUS, DemandStatus::WORDS),
            (POLICY_LEVELS, PolicyLevel::WORDS),
        ];
        for (said, words) in lists {
            assert_eq!(said.iter().map(|(word, _)| *word).collect::<Vec<_>>(), words);
        }
    }

    #[test]
    fn what_is_no_word_of_a_list_is_itself() {
        assert_eq!((zh("form", "process"), zh("title", "process")), ("新工艺", "process"));
        assert_eq!((zh("status", "withdrawn"), zh("status", "solved")), ("已撤回", "已解决"));
        assert_eq!((en("services", "on_site"), en("title", "on_site")), ("on site".to_owned(), "on_site".to_owned()));
        assert!(PolicyLevel::WORDS.iter().all(|level| policies_of(level) != *level));
    }
}
