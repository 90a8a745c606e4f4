//! The words of closed lists as people call them in Chinese. In English they are called as they are written.

/// A word and what it is called.
type Words = &'static [(&'static str, &'static str)];

/// The words of a field. One inside another is named with a dot between them.
fn words(field: &str) -> Words {
    match field {
        "kind" => &[
            ("university", "高校"),
            ("institute", "科研院所"),
            ("enterprise", "企业"),
            ("agency", "中介机构"),
            ("government", "政府部门"),
        ],
        "scale" => &[("micro", "微型"), ("small", "小型"), ("medium", "中型"), ("large", "大型")],
        "labels" => &[
            ("high_tech", "高新技术企业"),
            ("sme_tech", "科技型中小企业"),
            ("specialised", "专精特新企业"),
            ("gazelle", "瞪羚企业"),
            ("unicorn", "独角兽企业"),
            ("leading", "科技领军企业"),
        ],
        "form" => &[
            ("technology", "新技术"),
            ("process", "新工艺"),
            ("product", "新产品"),
            ("material", "新材料"),
            ("equipment", "新装备"),
            ("variety", "农业生物新品种"),
            ("software", "软件"),
            ("other", "其他"),
        ],
        "cooperation" => &[
            ("transfer", "转让"),
            ("license", "许可"),
            ("joint_development", "合作开发"),
            ("equity", "作价入股"),
            ("consulting", "咨询"),
            ("service", "技术服务"),
        ],
        "status" => &[
            ("draft", "草稿"),
            ("published", "已发布"),
            ("withdrawn", "已撤回"),
            ("transferred", "已转化"),
            ("open", "征集中"),
            ("docking", "对接中"),
            ("solved", "已解决"),
            ("closed", "已关闭"),
        ],
        "intellectual_property.kind" => &[
            ("invention", "发明"),
            ("utility_model", "实用新型"),
            ("design", "外观设计"),
            ("software_copyright", "软件著作权"),
            ("plant_variety", "植物新品种"),
            ("layout_design", "集成电路布图设计"),
            ("trade_secret", "技术秘密"),
            ("standard", "标准"),
            ("other", "其他"),
        ],
        "intellectual_property.status" => &[
            ("applied", "申请中"),
            ("published", "已公布"),
            ("granted", "已授权"),
            ("expired", "已失效"),
            ("unregistered", "未登记"),
        ],
        "categories" => &[
            ("research", "科研"),
            ("quality", "质量"),
            ("information", "信息"),
            ("production", "生产"),
            ("management", "管理"),
        ],
        "services" => &[
            ("diagnosis", "诊断"),
            ("consulting", "咨询"),
            ("training", "培训"),
            ("on_site", "驻厂"),
            ("joint_development", "合作开发"),
            ("review", "评审"),
        ],
        "wanted" => &[("result", "科技成果"), ("expert", "专家")],
        "confidentiality" => &[("public", "公开"), ("members", "会员可见"), ("centre_only", "仅中心可见")],
        "level" => {
            &[("national", "国家政策"), ("provincial", "省级政策"), ("municipal", "市级政策"), ("county", "县级政策")]
        }
        _ => &[],
    }
}

/// What a word of a field is called; a text of a field that has no closed list is itself.
#[must_use]
pub fn zh<'a>(field: &str, word: &'a str) -> &'a str {
    words(field).iter().find(|(known, _)| *known == word).map_or(word, |(_, zh)| zh)
}

/// The same in English.
#[must_use]
pub fn en(field: &str, word: &str) -> String {
    if words(field).iter().any(|(known, _)| *known == word) { word.replace('_', " ") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::registry::fields::{
        ConfidentialityLevel, Cooperation, DemandStatus, ExpertCategory, ExpertService, IntellectualPropertyKind,
        IntellectualPropertyStatus, OrganisationKind, OrganisationLabel, PolicyLevel, PublicationStatus, ResultForm,
        ResultStatus, Scale, Wanted,
    };

    #[test]
    fn every_word_of_every_list_has_a_name_and_nothing_else_has() {
        let status = [ResultStatus::WORDS, PublicationStatus::WORDS, DemandStatus::WORDS].concat();
        for (field, known) in [
            ("kind", OrganisationKind::WORDS),
            ("scale", Scale::WORDS),
            ("labels", OrganisationLabel::WORDS),
            ("form", ResultForm::WORDS),
            ("cooperation", Cooperation::WORDS),
            ("status", &status),
            ("intellectual_property.kind", IntellectualPropertyKind::WORDS),
            ("intellectual_property.status", IntellectualPropertyStatus::WORDS),
            ("categories", ExpertCategory::WORDS),
            ("services", ExpertService::WORDS),
            ("wanted", Wanted::WORDS),
            ("confidentiality", ConfidentialityLevel::WORDS),
            ("level", PolicyLevel::WORDS),
        ] {
            let named: BTreeSet<&str> = words(field).iter().map(|(word, _)| *word).collect();
            assert_eq!(named, known.iter().copied().collect(), "{field}");
            let names: BTreeSet<&str> = words(field).iter().map(|(_, zh)| *zh).collect();
            assert_eq!(names.len(), named.len(), "{field}");
        }
    }

    #[test]
    fn what_is_no_word_of_a_list_is_itself() {
        assert_eq!((zh("form", "process"), zh("title", "process")), ("新工艺", "process"));
        assert_eq!((en("services", "on_site"), en("title", "on_site")), ("on site".to_owned(), "on_site".to_owned()));
    }
}
