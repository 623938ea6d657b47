//! What a program of a release is built for.

/// A kind of machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    /// As the compiler calls it.
    pub(super) target: &'static str,
    /// What files for it are called after.
    pub(super) name: &'static str,
}

/// Any Linux: linked statically with musl, so that neither an old nor a new C library matters.
pub(super) const STATIC: Platform = Platform {
    target: "x86_64-unknown-linux-musl",
    name: "linux-x86_64",
};

/// A Linux with glibc, whose functions for memory are written for each processor: a request costs less CPU.
pub(super) const GLIBC: Platform = Platform {
    target: "x86_64-unknown-linux-gnu",
    name: "linux-x86_64-gnu",
};
