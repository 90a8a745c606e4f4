//! The kinds of deadlines, and where the law has each.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// What is to be done by a deadline: 要求优先权, 缴纳申请费, 主动修改, 请求实质审查, 要求本国优先权, 向外国申请, 答复通知书, 办理登记,
    /// 请求复审, 请求恢复权利, 缴纳年费, 补缴年费; 保护期届满.
    DeadlineKind {
        ClaimPriority = "claim_priority", ApplicationFee = "application_fee", OwnAmendment = "own_amendment",
        ExaminationRequest = "examination_request", DomesticPriority = "domestic_priority",
        ForeignFiling = "foreign_filing", Answer = "answer", Registration = "registration",
        Reexamination = "reexamination", Restoration = "restoration", Annuity = "annuity", LateAnnuity = "late_annuity",
        TermEnd = "term_end",
    }
}

impl DeadlineKind {
    /// The articles that it follows from: of 专利法 (2020), 细则 (2023) and 指南 (2023).
    #[must_use]
    pub const fn article(self) -> &'static str {
        match self {
            Self::ClaimPriority | Self::DomesticPriority => "专利法第二十九条",
            Self::ApplicationFee => "细则第一百一十二条",
            Self::OwnAmendment => "细则第五十七条",
            Self::ExaminationRequest => "专利法第三十五条；细则第十二条",
            Self::ForeignFiling => "保护工业产权巴黎公约第四条 C",
            Self::Answer => "专利法第三十七条；指南第五部分第七章",
            Self::Registration => "细则第六十条",
            Self::Reexamination => "专利法第四十一条",
            Self::Restoration => "细则第六条",
            Self::Annuity | Self::LateAnnuity => "细则第一百一十五条",
            Self::TermEnd => "专利法第四十二条",
        }
    }
}
