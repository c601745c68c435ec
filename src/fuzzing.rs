//! Bodies shared by fuzz targets and property tests. Not an API.

use crate::diag::Lang;
use crate::limits::PackLimits;
use crate::pack::Pack;

/// Reads a pack of any bytes: never a panic, and if it is refused, an error says why, at a place that exists.
pub fn pack(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let mut words = |path: &str| {
        if path.len() % 2 == 0 {
            Ok(data.iter().rev().copied().collect())
        } else {
            Err("none".to_owned())
        }
    };
    let limits = PackLimits::default();
    let (diags, refused) = match Pack::parse_with("fuzz.toml", &source, &limits, &mut words) {
        Ok(parsed) => (parsed.warnings, false),
        Err(diags) => (diags, true),
    };
    assert_eq!(diags.has_errors(), refused);
    assert!(diags.len() <= limits.diagnostics);
    for diagnostic in &diags {
        if let Some(source) = diags.source(&diagnostic.file) {
            assert!(
                source.get(diagnostic.span.clone()).is_some(),
                "{diagnostic:?}"
            );
        }
        assert!(!diagnostic.message.en.is_empty() && !diagnostic.message.zh.is_empty());
    }
    assert_eq!(
        diags.to_text(Lang::Zh).is_empty(),
        diags.is_empty(),
        "what there is, is told"
    );
    #[cfg(feature = "render")]
    assert_eq!(
        crate::diag::render(&diags, Lang::En, false).is_empty(),
        diags.is_empty()
    );
}
