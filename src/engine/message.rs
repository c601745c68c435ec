//! What comes in.

use crate::primitives::{Scene, Timestamp};

/// One message, borrowed from the caller.
///
/// # Examples
///
/// ```
/// use tidegate::{Message, Scene};
///
/// let message = Message::text("你好").scene(Scene::Channel).sender("u1");
/// assert_eq!(message.parts().len(), 1);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Message<'a> {
    parts: Parts<'a>,
    /// Where it goes.
    pub scene: Scene,
    /// The business customer it belongs to.
    pub tenant: Option<&'a str>,
    /// The conversation it goes to.
    pub conversation: Option<&'a str>,
    /// Who sent it.
    pub sender: Option<&'a str>,
    /// Its id in the message server.
    pub id: Option<&'a str>,
    /// When it was sent.
    pub time: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
enum Parts<'a> {
    One([&'a str; 1]),
    Many(&'a [&'a str]),
}

impl<'a> Message<'a> {
    /// A message of one text, to a closed group.
    pub fn text(text: &'a str) -> Self {
        Self::of(Parts::One([text]))
    }

    /// A message of several texts, such as a title and a body. Terms are not joined across them. A message without any is
    /// `not-text`.
    pub fn of_parts(parts: &'a [&'a str]) -> Self {
        Self::of(Parts::Many(parts))
    }

    fn of(parts: Parts<'a>) -> Self {
        Self {
            parts,
            scene: Scene::default(),
            tenant: None,
            conversation: None,
            sender: None,
            id: None,
            time: None,
        }
    }

    /// Its texts.
    pub fn parts(&self) -> &[&'a str] {
        match &self.parts {
            Parts::One(text) => text,
            Parts::Many(texts) => texts,
        }
    }

    /// The text of a part; empty if there is no such part.
    pub(super) fn text_of(&self, part: usize) -> &'a str {
        match &self.parts {
            Parts::One([text]) if part == 0 => text,
            Parts::One(_) => "",
            Parts::Many(texts) => texts.get(part).copied().unwrap_or_default(),
        }
    }

    /// Whether it came in parts, so that a place in it needs the number of its part.
    #[cfg(feature = "serde")]
    pub(crate) fn is_parted(&self) -> bool {
        matches!(self.parts, Parts::Many(_))
    }

    /// Sets where it goes.
    #[must_use]
    pub fn scene(mut self, scene: Scene) -> Self {
        self.scene = scene;
        self
    }

    /// Sets the tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: &'a str) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Sets the conversation.
    #[must_use]
    pub fn conversation(mut self, conversation: &'a str) -> Self {
        self.conversation = Some(conversation);
        self
    }

    /// Sets the sender.
    #[must_use]
    pub fn sender(mut self, sender: &'a str) -> Self {
        self.sender = Some(sender);
        self
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the time it was sent.
    #[must_use]
    pub fn time(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }
}
