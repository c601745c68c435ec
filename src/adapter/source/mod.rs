//! Tenants from a folder (feature `source`).
//!
//! ```text
//! operator.toml             the operator's file; may be missing
//! acme.tenant.toml          a tenant, with its packs beside it or below
//! other/tenant.toml         another, in a folder of its own
//! B3SUMS                    optional, as `b3sum` writes it: then every file must be as it says
//! acme/words.toml.minisig   a signature, where the operator's file names keys
//! ```
//!
//! Paths are relative to the file that names them, and lead out of no folder. A folder with a link `..data` (Kubernetes) is read through
//! that link. A file that is bad never replaces a good one: what was live of that tenant stays so, and the problem is told with its place.
//!
//! A pack that was cut off at the end of a rule is a shorter pack, and nothing in it tells. Where files are not put in place by renames, use
//! `B3SUMS` or signatures.
//!
//! | question | file |
//! |---|---|
//! | What is in the folder, and what changed? | `folder` |
//! | Which bytes does a file have, and is it what it should be? | `files` |
//! | Which versions were live before a restart? | `memory` |
//! | Who is told of changes? | `watch` |

mod files;
mod folder;
mod memory;
mod watch;

pub use folder::{Folder, Synced};
pub use watch::Watch;
