//! Expert service teams (专家服务团): a group of experts who serve a demand or an enterprise.

pub mod suggest;
