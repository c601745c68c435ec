//! Rules that are out of their time, or that nothing tests.

use super::RawRule;
use crate::diag::codes;
use crate::diag::said;
use crate::pack::check::Checks;
use crate::pack::model::{Pack, Rule, SampleKind, Status};
use crate::pack::reading::Reading;

impl Reading<'_, '_> {
    pub(super) fn lint_rule(&mut self, raw: &RawRule, rule: &Rule, _: &Pack, checks: &Checks<'_>) {
        let screened = matches!(rule.status, Status::Enforce | Status::Shadow);
        if let Some(now) = checks.at.filter(|_| screened) {
            if rule.until.is_some_and(|until| until <= now) {
                self.warn(
                    &codes::EXPIRED_RULE,
                    raw.effective.clone(),
                    said!("the rule has expired", "规则已过期"),
                    said!(
                        "write a later `until`, or `status = \"retired\"`",
                        "请写更晚的 `until`，或写 `status = \"retired\"`"
                    ),
                );
            }
            if rule.from.is_some_and(|from| from > now) {
                self.warn(
                    &codes::NOT_YET_EFFECTIVE,
                    raw.effective.clone(),
                    said!("the rule is not in effect yet", "规则尚未生效"),
                    said!("nothing need be done if that is meant; its samples need a time, `at = ...`", "若是有意如此则不必改；样例需要写时间 `at = ...`"),
                );
            }
            let ended =
                |listing: &crate::verdict::Listing| listing.until.is_some_and(|until| until <= now);
            if !rule.listings.is_empty() && rule.listings.iter().all(ended) {
                self.warn(
                    &codes::EXPIRED_RULE,
                    raw.listings.clone(),
                    said!(
                        "every listing that the rule rests on has ended",
                        "规则所依据的名单条目均已失效"
                    ),
                    said!(
                        "write `status = \"retired\"`, or the listing that is in force",
                        "请写 `status = \"retired\"`，或补上现行的名单条目"
                    ),
                );
            }
        }
        if rule.status == Status::Shadow {
            let lacks = |kind| !rule.samples.iter().any(|sample| sample.kind == kind);
            let lacking = match (lacks(SampleKind::Match), lacks(SampleKind::Pass)) {
                (false, false) => return,
                (true, true) => "match` / `pass",
                (true, false) => "match",
                (false, true) => "pass",
            };
            self.warn(
                &codes::UNTESTED_RULE,
                raw.header.clone(),
                said!("the rule has no `{lacking}` sample", "规则没有 `{lacking}` 样例"),
                said!(
                    "add `[rule.samples]` with `match = [\"...\"]` and `pass = [\"...\"]`; a rule in force needs them",
                    "请添加 `[rule.samples]`，写 `match = [\"...\"]` 和 `pass = [\"...\"]`；规则生效前必须有"
                ),
            );
        }
    }
}
