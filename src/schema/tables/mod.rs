//! The project's own tables, for what Kubernetes' OpenAPI document does not hold. `docs/schema.md` says where each comes from and how it is checked.

pub(super) mod defaults;
pub(super) mod enums;
pub(super) mod removed;
pub(super) mod unions;
