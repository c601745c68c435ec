//! A configuration that is read again while the server runs.

use std::sync::Arc;

use super::Config;

impl Config {
    /// This configuration, where one is in force already: what cannot change while the server runs stays, and is named. Codes that were used stay so.
    pub(in crate::serve) fn in_place_of(mut self, old: &Self) -> (Self, Vec<&'static str>) {
        let mut fixed = Vec::new();
        let mut keep = |key, same: bool| {
            if !same {
                fixed.push(key);
            }
            !same
        };
        if keep("listen", self.listen == old.listen) {
            self.listen = old.listen;
        }
        if keep("folder", self.folder == old.folder) {
            self.folder.clone_from(&old.folder);
        }
        if keep("no_base", self.written.no_base == old.written.no_base) {
            self.written.no_base = old.written.no_base;
        }
        if keep("alerts", self.alerts == old.alerts) {
            self.alerts.clone_from(&old.alerts);
        }
        if keep("versions", self.versions == old.versions) {
            self.versions.clone_from(&old.versions);
        }
        if keep("audit", self.audit == old.audit) {
            self.audit.clone_from(&old.audit);
        }
        // Its files may be others; whether there is any is settled.
        if keep("tls", self.tls.is_some() == old.tls.is_some()) {
            self.tls.clone_from(&old.tls);
        }
        let (limits, before) = (&mut self.written.limits, old.written.limits);
        if keep("limits.workers", limits.workers == before.workers) {
            limits.workers = before.workers;
        }
        let (log, before) = (&mut self.written.log, old.written.log);
        if keep("log.level", log.level == before.level) {
            log.level = before.level;
        }
        if keep("log.json", log.json == before.json) {
            log.json = before.json;
        }
        // Without admins at the beginning there is no audit log.
        if keep("admin", self.admins.is_empty() || !old.admins.is_empty()) {
            self.admins.clear();
        }
        for admin in &mut self.admins {
            let known = old.admins.iter().find(|known| known.totp.is(&admin.totp));
            if let Some(known) = known {
                admin.totp = Arc::clone(&known.totp);
            }
        }
        (self, fixed)
    }
}
