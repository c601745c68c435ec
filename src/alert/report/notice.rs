//! What the sender of a message is told.

use super::{Ground, Grounds, date};
use crate::alert::record::Facts;
use crate::diag::Lang;
use crate::verdict::Action;

/// The notice to the sender of a message that was restricted: what was done, by whom, on what ground, and what can be done about it. `None` if
/// the message was delivered as it was. Holds nothing of the message.
pub fn user_notice(facts: &Facts, grounds: &Grounds, lang: Lang) -> Option<String> {
    let day = date(facts.raised);
    let (law, reason) = match grounds.of(facts) {
        Ground::Law(reason) => (true, reason),
        Ground::Terms(reason) => (false, reason),
    };
    let (id, ground) = (facts.id, reason.ground);
    Some(match lang {
        Lang::En => {
            let explanation = reason.explanation;
            let done = match facts.decided {
                Action::Pass => return None,
                Action::Mask => "was delivered with some words replaced",
                Action::Review => "is held back until a person has looked at it",
                Action::Block => "was not delivered",
            };
            let rests = if law { "law" } else { "our terms" };
            let redress = grounds.redress.as_deref().unwrap_or(
                "If you think that this is a mistake, reply to this notice and name the number; a person will look at it.",
            );
            format!(
                "A message that you sent on {day} {done}. This was found by automated means.\n\
                 It rests on {rests}: {ground}. {explanation}\n\
                 {redress}\n\
                 Number: {id}\n"
            )
        }
        Lang::Zh => {
            let explanation = reason.explanation_zh.unwrap_or(reason.explanation);
            let done = match facts.decided {
                Action::Pass => return None,
                Action::Mask => "已在替换部分文字后送达",
                Action::Review => "已暂缓送达，待人工审核",
                Action::Block => "未予送达",
            };
            let rests = if law { "法律依据" } else { "平台规则" };
            let redress = grounds
                .redress_zh
                .as_deref()
                .unwrap_or("如您认为处理有误，请回复本通知并注明编号，我们将安排人工复核。");
            format!(
                "您于 {day} 发送的一条消息{done}。该结果由系统自动识别。\n\
                 {rests}：{ground}。{explanation}\n\
                 {redress}\n\
                 编号：{id}\n"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::record::sample;

    #[test]
    fn notices_say_what_why_and_what_next() {
        for lang in [Lang::En, Lang::Zh] {
            let mut seen = Vec::new();
            for decided in Action::ALL {
                let mut facts = sample("m1").facts;
                facts.decided = decided;
                let notice = user_notice(&facts, &Grounds::default(), lang);
                assert_eq!(notice.is_none(), decided == Action::Pass);
                if let Some(notice) = notice {
                    assert!(notice.contains("POL-7.2") && notice.contains("2026-11-23"));
                    assert!(notice.contains(&facts.id.to_string()));
                    assert!(!notice.contains("canary"));
                    seen.push(notice);
                }
            }
            seen.dedup();
            assert_eq!(seen.len(), 3);
        }
    }
}
