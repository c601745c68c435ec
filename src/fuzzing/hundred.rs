//! Packs of tenants, for measuring: many, all different, of one size.

use std::fmt::Write as _;

use super::Random;

/// A pack of a hundred rules with a list of three terms each, one in Latin letters and two in Han, with titles and samples. Ids have 17 to 24
/// bytes. A tenant's pack of another revision has other terms.
pub fn hundred_rules(tenant: u64, revision: u64) -> String {
    let mut random = Random::new(tenant << 20 ^ revision);
    let mut source =
        format!("format = 1\n[pack]\nid = \"acme.t{tenant}\"\nversion = \"1.0.{revision}\"\n");
    for rule in 0..100 {
        let mut word = |len: usize, from: u32, of: usize| -> String {
            let letters = (0..len).map(|_| char::from_u32(from + random.below(of) as u32));
            letters.flatten().collect()
        };
        let latin = word(6 + rule % 5, 'a' as u32, 26);
        let (first, second) = (word(3, 0x4e00, 3_000), word(4, 0x4e00, 3_000));
        let category = ["fraud.lure", "house.words", "house.spam"][rule % 3];
        let id = &"ofsomewordsorother"[..7 + rule % 8];
        let _ = write!(
            source,
            "[[rule]]\nid = \"kind-{rule:03}.{id}\"\ntitle = \"What rule {rule} is for\"\ncategory = \"{category}\"\nseverity = \"high\"\n\
             action = \"review\"\nterms = [\"{latin}\", \"{first}\", \"{second}\"]\n[rule.samples]\nmatch = [\"a {latin} b\", \"{second}\"]\npass = [\"-\"]\n"
        );
    }
    source
}
