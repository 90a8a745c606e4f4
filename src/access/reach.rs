//! Which records: by whom they are for, and by whose they are.

use uuid::Uuid;

use super::is_own;

/// Who a record is for: each level includes the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(u8);

impl Audience {
    /// Everyone.
    pub const PUBLIC: Self = Self(0);
    /// Everyone with an account, and partner sites that may read demands.
    pub const MEMBERS: Self = Self(1);
    /// The centre's staff only.
    pub const STAFF: Self = Self(2);

    /// In the order of their places.
    pub const ALL: [Self; 3] = [Self::PUBLIC, Self::MEMBERS, Self::STAFF];

    /// Its place among all.
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }

    /// As the index keeps it.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.into()
    }
}

/// The records that a grant is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    All,
    /// What is published.
    Open,
    OpenAndOwn,
    /// What is published, and what is for members.
    Members,
    MembersAndOwn,
    Own,
    /// Accounts of enterprises and experts.
    OutsideCentre,
    /// Of each kind those that the rule of its reading covers.
    Readable,
}

impl Records {
    /// The widest audience whose records are seen, whoever they belong to.
    #[must_use]
    pub const fn audience(self) -> Option<Audience> {
        match self {
            Self::All => Some(Audience::STAFF),
            Self::Open | Self::OpenAndOwn => Some(Audience::PUBLIC),
            Self::Members | Self::MembersAndOwn => Some(Audience::MEMBERS),
            Self::Own | Self::OutsideCentre | Self::Readable => None,
        }
    }

    /// Are one's own records among them, whoever they are for?
    #[must_use]
    pub const fn include_own(self) -> bool {
        matches!(self, Self::OpenAndOwn | Self::MembersAndOwn | Self::Own)
    }

    /// Is a record among them?
    #[must_use]
    pub fn cover(self, audience: Audience, owners: &[Uuid], caller: Option<Uuid>) -> bool {
        self.audience().is_some_and(|widest| audience <= widest) || (self.include_own() && is_own(owners, caller))
    }

    /// In words, for those who read the table: Chinese, English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::All => ("全部", "all"),
            Self::Open => ("已公开的", "published"),
            Self::OpenAndOwn => ("已公开的和自己的", "published, and one's own"),
            Self::Members => ("已公开的和对会员公开的", "published, and for members"),
            Self::MembersAndOwn => ("已公开的、对会员公开的和自己的", "published, for members, and one's own"),
            Self::Own => ("自己的", "one's own"),
            Self::OutsideCentre => ("企业和专家的账号", "accounts of enterprises and experts"),
            Self::Readable => ("各类记录中可以查看的", "of each kind what one may read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_covered_by_its_audience_or_its_owner() {
        let (own, other) = (Uuid::now_v7(), Uuid::now_v7());
        assert!(Records::Open.cover(Audience::PUBLIC, &[], None));
        assert!(!Records::Open.cover(Audience::MEMBERS, &[own], Some(own)));
        assert!(Records::MembersAndOwn.cover(Audience::MEMBERS, &[other], Some(own)));
        assert!(!Records::MembersAndOwn.cover(Audience::STAFF, &[other], Some(own)));
        assert!(Records::MembersAndOwn.cover(Audience::STAFF, &[other, own], Some(own)));
        assert!(!Records::Own.cover(Audience::PUBLIC, &[other], Some(own)));
        assert!(!Records::Own.cover(Audience::PUBLIC, &[other], None));
        assert!(Records::All.cover(Audience::STAFF, &[], None));
    }
}
