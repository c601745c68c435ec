//! Small random packs and texts that hit them, and the comparison with the oracle. Not an API.
//!
//! Everything here follows from a seed. A pack is made as a value and written as TOML, so that a parser stands
//! between the oracle, which takes the value, and whatever is compared with it.

mod against;
mod disguise;
mod hundred;
mod packs;
mod parse;
mod shares;
mod steps;
mod stored;
mod tenants;
mod toml;
mod windows;

pub use against::{engine, explained, hits, relation, verdict};
pub use hundred::hundred_rules;
pub use parse::pack;
pub use shares::Shares;
pub use steps::{steps, worst};
pub use stored::{forge, forged, stored};
pub use tenants::{Fate, tenants};
pub use windows::{windows, windows_of};

use crate::evade::random::{self, Random};
use crate::limits::Limits;
use crate::oracle::{Answer, Case, House, screen};
use crate::pack::Pack;
use crate::primitives::{Scene, Timestamp};
use crate::verdict::Action;

/// Two packs, and messages for them.
#[derive(Clone, Debug)]
pub struct Made {
    /// The pack of the first ruleset, as a file.
    pub base_toml: String,
    /// The pack of the second ruleset, as a file.
    pub tenant_toml: String,
    /// What `base_toml` says, but for its samples and digest.
    pub base: Pack,
    /// What `tenant_toml` says, but for its samples and digest.
    pub tenant: Pack,
    /// The messages, each of one part.
    pub texts: Vec<String>,
    /// Where they go.
    pub scene: Scene,
    /// The conversation they go to.
    pub conversation: Option<String>,
    /// When they are screened.
    pub at: Timestamp,
    /// The tenant's jurisdictions.
    pub jurisdictions: Vec<String>,
}

impl Made {
    /// What the oracle says of the text at `index`, under default limits, with `review` for an incomplete look.
    pub fn answer(&self, index: usize) -> Answer {
        self.answer_with(&self.base, &self.tenant, index)
    }

    fn answer_with(&self, base: &Pack, tenant: &Pack, index: usize) -> Answer {
        let jurisdictions: Vec<&str> = self.jurisdictions.iter().map(String::as_str).collect();
        screen(&Case {
            packs: &[std::slice::from_ref(base), std::slice::from_ref(tenant)],
            parts: &[&self.texts[index]],
            before: &[],
            scene: self.scene,
            conversation: self.conversation.as_deref(),
            at: self.at,
            jurisdictions: &jurisdictions,
            limits: &Limits::default(),
            on_partial: Action::Review,
            house: House::default(),
        })
    }
}

/// The packs and texts of a seed.
pub fn make(seed: u64) -> Made {
    let mut random = Random::new(seed);
    let base = packs::base(&mut random);
    let tenant = packs::tenant(&mut random, &base);
    let texts = (0..8)
        .map(|_| packs::text(&mut random, &base, &tenant))
        .collect();
    let jurisdictions = ["EU", "US"]
        .into_iter()
        .filter(|_| random.chance(60))
        .map(str::to_owned)
        .collect();
    Made {
        base_toml: toml::write(&base),
        tenant_toml: toml::write(&tenant),
        base,
        tenant,
        texts,
        scene: if random.chance(80) {
            Scene::Group
        } else {
            random.pick(&Scene::ALL)
        },
        at: random.pick(&packs::TIMES),
        jurisdictions,
        conversation: random
            .chance(85)
            .then(|| format!("g{}", random.below(1_000))),
    }
}

/// Holds `engine`, given the packs and the index of a text, to the oracle for every text of a seed.
///
/// # Panics
///
/// If an answer differs; the panic shows the seed, the packs and the text.
pub fn compare(seed: u64, mut engine: impl FnMut(&Made, usize) -> Answer) {
    let made = make(seed);
    for (index, text) in made.texts.iter().enumerate() {
        let expected = made.answer(index);
        let found = engine(&made, index);
        assert!(
            found == expected,
            "seed {seed}, text {index}: {text:?}\nscene {}, conversation {:?}, at {:?}, jurisdictions {:?}\n\
             expected {expected:#?}\nfound {found:#?}\n# base\n{}\n# tenant\n{}",
            made.scene,
            made.conversation,
            made.at,
            made.jurisdictions,
            made.base_toml,
            made.tenant_toml,
        );
    }
}
