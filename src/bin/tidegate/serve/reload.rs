//! SIGHUP: the configuration is read again, and with it the certificate and the folder of tenants. A bad configuration never replaces a good one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate::diag::Lang;

use super::app::App;
use super::config::{Config, environment};
use super::listen::Tls;

/// Where the configuration is, and the language of its problems.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) lang: Lang,
}

/// Takes on what is written at each SIGHUP.
#[cfg(unix)]
pub(super) async fn at_hangups(app: Arc<App>, tls: Option<Tls>, source: Source) {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        return;
    };
    while hangups.recv().await.is_some() {
        let (app, tls, source) = (Arc::clone(&app), tls.clone(), source.clone());
        // Files are read, and a folder of many tenants is looked at.
        let _ = tokio::task::spawn_blocking(move || {
            reread(&app, &source.path, source.lang);
            if let Some(tls) = &tls {
                tls.reload(&app.config());
            }
            if let Some(ready) = app.ready.get() {
                let watch = ready.watch.lock();
                watch
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .look();
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
pub(super) async fn at_hangups(_: Arc<App>, _: Option<Tls>, _: Source) {}

fn reread(app: &App, path: &Path, lang: Lang) {
    let fresh = match Config::load(path, environment()) {
        Ok(fresh) => fresh,
        Err(problems) => {
            let problems = problems.to_text(lang);
            tracing::error!(problems = %problems.trim_end(), "the configuration is refused; the one before stays");
            return;
        }
    };
    let (fresh, fixed) = fresh.in_place_of(&app.config());
    for key in fixed {
        tracing::warn!(
            key,
            "this was changed, and stays as it is until the server is started again"
        );
    }
    app.take_on(fresh);
    tracing::info!("the configuration was read again");
}
