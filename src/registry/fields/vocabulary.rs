//! Closed lists of words, and dates. In JSON and in the database they are lower `snake_case`.

use chrono::NaiveDate;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::access::Audience;
use crate::problem::FieldFault;

/// Makes types of closed lists of words. Whoever uses it has `Deserialize`, `Serialize`, `ToSchema`, `AsExpression`,
/// `FromSqlRow`, `Text` and `FieldFault` at hand.
macro_rules! vocabulary {
    ($($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $word:ident = $text:tt),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        pub enum $name { $($(#[$note])* #[serde(rename = $text)] $word,)+ }

        impl $name {
            pub const WORDS: &[&str] = &[$($text,)+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text,)+ }
            }

            /// # Errors
            /// `not_allowed`, with the list of words.
            pub fn parse(text: &str) -> Result<Self, FieldFault> {
                match text {
                    $($text => Ok(Self::$word),)+
                    _ => Err(crate::problem::not_allowed(Self::WORDS)),
                }
            }
        }

        impl deserr::Deserr<crate::problem::Faults> for $name {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                location: deserr::ValuePointerRef<'_>,
            ) -> Result<Self, crate::problem::Faults> {
                let text = String::deserialize_from_value(value, location)?;
                Self::parse(&text).map_err(|fault| {
                    deserr::take_cf_content(<crate::problem::Faults as deserr::MergeWithError<_>>::merge(None, fault, location))
                })
            }
        }

        impl diesel::serialize::ToSql<Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<Text, diesel::pg::Pg>>::to_sql(self.as_str(), out)
            }
        }

        impl diesel::deserialize::FromSql<Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<Text, diesel::pg::Pg>>::from_sql(bytes)?;
                Self::parse(&text).map_err(|_| format!("{text} is not a {}", stringify!($name)).into())
            }
        }
    )+};
}
pub(crate) use vocabulary;

vocabulary! {
    /// What an organisation is: university 高校, institute 科研院所, enterprise 企业, agency 中介机构, government 政府部门.
    OrganisationKind {
        University = "university", Institute = "institute", Enterprise = "enterprise", Agency = "agency",
        Government = "government",
    }
    /// The size of an enterprise: 微型, 小型, 中型, 大型.
    Scale { Micro = "micro", Small = "small", Medium = "medium", Large = "large" }
    /// Certified labels: 高新技术企业, 科技型中小企业, 专精特新, 瞪羚, 独角兽, 科技领军.
    OrganisationLabel {
        HighTech = "high_tech", SmeTech = "sme_tech", Specialised = "specialised", Gazelle = "gazelle",
        Unicorn = "unicorn", Leading = "leading",
    }
    /// The form of a result: 新技术, 新工艺, 新产品, 新材料, 新装备, 农业生物新品种, 软件, 其他.
    ResultForm {
        Technology = "technology", Process = "process", Product = "product", Material = "material",
        Equipment = "equipment", Variety = "variety", Software = "software", Other = "other",
    }
    /// Ways of cooperation: 转让, 许可, 合作开发, 作价入股, 咨询, 技术服务.
    Cooperation {
        Transfer = "transfer", License = "license", JointDevelopment = "joint_development", Equity = "equity",
        Consulting = "consulting", Service = "service",
    }
    /// Where a result stands: 草稿, 已发布, 已撤回, 已转化.
    ResultStatus { Draft = "draft", Published = "published", Withdrawn = "withdrawn", Transferred = "transferred" }
    /// Where a record that is published stands: 草稿, 已发布, 已撤回.
    PublicationStatus { Draft = "draft", Published = "published", Withdrawn = "withdrawn" }
    /// Kinds of intellectual property: 发明, 实用新型, 外观设计, 软件著作权, 植物新品种, 集成电路布图设计, 技术秘密, 标准, 其他.
    IntellectualPropertyKind {
        Invention = "invention", UtilityModel = "utility_model", Design = "design",
        SoftwareCopyright = "software_copyright", PlantVariety = "plant_variety", LayoutDesign = "layout_design",
        TradeSecret = "trade_secret", Standard = "standard", Other = "other",
    }
    /// Where a piece of intellectual property stands: 申请中, 已公布, 已授权, 已失效, 未登记.
    IntellectualPropertyStatus {
        Applied = "applied", Published = "published", Granted = "granted", Expired = "expired",
        Unregistered = "unregistered",
    }
    /// The five categories of experts: 科研, 质量, 信息, 生产, 管理.
    ExpertCategory {
        Research = "research", Quality = "quality", Information = "information", Production = "production",
        Management = "management",
    }
    /// What an expert offers: 诊断, 咨询, 培训, 驻厂, 合作开发, 评审.
    ExpertService {
        Diagnosis = "diagnosis", Consulting = "consulting", Training = "training", OnSite = "on_site",
        JointDevelopment = "joint_development", Review = "review",
    }
    /// What a demand looks for.
    Wanted { Result = "result", Expert = "expert" }
    /// Who may see a demand: everyone, everyone signed in, or the centre and the enterprise itself.
    ConfidentialityLevel { Public = "public", Members = "members", CentreOnly = "centre_only" }
    /// Where a demand stands: 征集中, 对接中, 已解决, 已关闭.
    DemandStatus { Open = "open", Docking = "docking", Solved = "solved", Closed = "closed" }
    /// The level of a policy: 国家, 省, 市, 县.
    PolicyLevel { National = "national", Provincial = "provincial", Municipal = "municipal", County = "county" }
}

impl PublicationStatus {
    /// Drafts and what was withdrawn are the centre's.
    #[must_use]
    pub const fn audience(self) -> Audience {
        match self {
            Self::Published => Audience::PUBLIC,
            Self::Draft | Self::Withdrawn => Audience::STAFF,
        }
    }
}

/// How a day is described: those of the calendar from 1900 to 2200, leap days where there are any.
pub struct Day;

impl Day {
    /// Its schema, to be added to.
    pub(super) fn shape() -> ObjectBuilder {
        let days =
            "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])";
        let leap_years = "(19|2[01])(0[48]|[2468][048]|[13579][26])|2000";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some(format!("^(((19|2[01])[0-9]{{2}}|2200)-({days})|({leap_years})-02-29)$")))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        Self::shape().into()
    }
}
impl ToSchema for Day {}

/// A date of the form `YYYY-MM-DD`, years 1900 to 2200.
///
/// # Errors
/// `format`.
pub fn date(text: Option<String>) -> Result<Option<NaiveDate>, FieldFault> {
    use chrono::Datelike;
    let Some(text) = text else { return Ok(None) };
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d")
        .ok()
        .filter(|date| text.len() == 10 && (1900..=2200).contains(&date.year()));
    date.map(Some)
        .ok_or_else(|| FieldFault::new("format", "应为 YYYY-MM-DD 的日期", "must be a date of the form YYYY-MM-DD"))
}
