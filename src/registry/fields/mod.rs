//! Field types: each parses or refuses, so that the inside never checks again. The same rules stand in the database.

mod code;
mod contact;
mod list;
mod money;
mod named;
mod number;
mod source;
mod text;
mod vocabulary;

pub(crate) use code::DISCIPLINES;
pub use code::{CreditCode, DisciplineCode, IndustryCode, LanguageCode, RegionCode};
pub use contact::{Contact, Email, Phone};
pub use list::{at_least_one, distinct};
pub(crate) use money::whole_cny;
pub use money::{AskingPrice, MoneyRange};
pub use named::Named;
pub use number::Maturity;
pub use source::{Source, WebAddress, partner_owner};
pub use text::{Line, Prose};
pub(crate) use vocabulary::vocabulary;
pub use vocabulary::{
    ConfidentialityLevel, Cooperation, Day, DemandStatus, ExpertCategory, ExpertService, IntellectualPropertyKind,
    IntellectualPropertyStatus, OrganisationKind, OrganisationLabel, PolicyLevel, PublicationStatus, ResultForm,
    ResultStatus, Scale, Wanted, date,
};

/// Makes a type over `String` a field: parsed from JSON, stored as text, shown as it is.
///
/// The type has `fn parse(&str) -> Result<Self, FieldFault>`; a stored value was parsed once and is taken as it is.
macro_rules! text_field {
    ([$($generics:tt)*] $field:ty) => {
        impl<$($generics)*> deserr::Deserr<crate::problem::Faults> for $field {
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

        impl<$($generics)*> diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $field {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                <String as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(&self.0, out)
            }
        }

        impl<$($generics)*> diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $field {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <String as diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg>>::from_sql(bytes).map(Self)
            }
        }

        impl<$($generics)*> std::ops::Deref for $field {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use text_field;

/// Stores a small JSON object of ours as `jsonb`.
macro_rules! json_field {
    ($field:ty) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $field {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                let value = serde_json::to_value(self)?;
                <serde_json::Value as diesel::serialize::ToSql<diesel::sql_types::Jsonb, diesel::pg::Pg>>::to_sql(
                    &value,
                    &mut out.reborrow(),
                )
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $field {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let value = <serde_json::Value as diesel::deserialize::FromSql<
                    diesel::sql_types::Jsonb,
                    diesel::pg::Pg,
                >>::from_sql(bytes)?;
                Ok(serde_json::from_value(value)?)
            }
        }
    };
}
pub(crate) use json_field;
