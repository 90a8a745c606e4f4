//! What patent cases and their letters are.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// What is filed for (专利法第二条): 发明, 实用新型, 外观设计.
    PatentKind { Invention = "invention", UtilityModel = "utility_model", Design = "design" }
    /// Letters of the office: 受理通知书, 补正通知书, 公布通知书, 进入实质审查阶段通知书, 第一次审查意见通知书, 再次审查意见通知书, 授权通知书,
    /// 驳回决定, 视为撤回通知书, 其他.
    LetterKind {
        Acceptance = "acceptance", Formality = "formality", Publication = "publication",
        SubstantiveExamination = "substantive_examination", FirstOfficeAction = "first_office_action",
        OfficeAction = "office_action", GrantNotice = "grant_notice", Rejection = "rejection",
        DeemedWithdrawn = "deemed_withdrawn", Other = "other",
    }
    /// How a letter came: 纸件, 电子.
    LetterWay { Paper = "paper", Electronic = "electronic" }
}
