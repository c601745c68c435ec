//! Hyperscan, or Vectorscan in its place, by its interface for literals. Links `libhs`: Debian's `libhyperscan-dev` or `libvectorscan-dev`.

#![expect(
    unsafe_code,
    reason = "a library in C, for comparison alone: nothing of it is in the crate"
)]

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr::{null, null_mut};

#[link(name = "hs")]
unsafe extern "C" {
    fn hs_compile_lit_multi(
        expressions: *const *const c_char,
        flags: *const c_uint,
        ids: *const c_uint,
        lens: *const usize,
        elements: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut c_void,
    ) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        on_event: extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int,
        context: *mut c_void,
    ) -> c_int;
    fn hs_free_scratch(scratch: *mut c_void) -> c_int;
    fn hs_free_database(database: *mut c_void) -> c_int;
}

/// `HS_MODE_BLOCK`.
const BLOCK: c_uint = 1;

#[derive(Debug)]
pub(crate) struct Database {
    database: *mut c_void,
    scratch: *mut c_void,
}

extern "C" fn count_one(
    _: c_uint,
    _: c_ulonglong,
    _: c_ulonglong,
    _: c_uint,
    count: *mut c_void,
) -> c_int {
    // SAFETY: `hs_scan` hands back the pointer that `count` gave it, to a number that lives as long as the call.
    unsafe { *count.cast::<usize>() += 1 };
    0
}

impl Database {
    pub(crate) fn new(terms: &[String]) -> Self {
        let expressions: Vec<*const c_char> =
            terms.iter().map(|term| term.as_ptr().cast()).collect();
        let lens: Vec<usize> = terms.iter().map(String::len).collect();
        let flags = vec![0; terms.len()];
        let ids: Vec<c_uint> = (0..terms.len() as c_uint).collect();
        let (mut database, mut scratch, mut error) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the four arrays have `terms.len()` entries each, and live through the call.
        let made = unsafe {
            hs_compile_lit_multi(
                expressions.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                lens.as_ptr(),
                terms.len() as c_uint,
                BLOCK,
                null(),
                &mut database,
                &mut error,
            )
        };
        assert_eq!(made, 0, "the terms do not compile");
        // SAFETY: the database was made just now.
        let made = unsafe { hs_alloc_scratch(database, &mut scratch) };
        assert_eq!(made, 0, "there is no scratch");
        Self { database, scratch }
    }

    pub(crate) fn count(&mut self, text: &str) -> usize {
        let mut count = 0_usize;
        // SAFETY: the database and its scratch are live, one scan at a time uses them, and `text` is as long as is said.
        let scanned = unsafe {
            hs_scan(
                self.database,
                text.as_ptr().cast(),
                text.len() as c_uint,
                0,
                self.scratch,
                count_one,
                (&raw mut count).cast(),
            )
        };
        assert_eq!(scanned, 0, "the scan failed");
        count
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: both were made in `new`, and are freed once.
        unsafe {
            hs_free_scratch(self.scratch);
            hs_free_database(self.database);
        }
    }
}
