// Preloaded into vigied and PostgreSQL: a disk that says "it is safe" and has nothing yet. What was
// written then lies in the kernel's memory alone, and a power cut takes it. For the control of the
// fault harness, which has to notice.

// Declared here and not by the system's headers, which say more about them than we can keep.
extern "C" {

[[gnu::visibility("default")]] int fsync(int /*file*/) {
    return 0;
}

[[gnu::visibility("default")]] int fdatasync(int /*file*/) {
    return 0;
}

[[gnu::visibility("default")]] int syncfs(int /*file*/) {
    return 0;
}

[[gnu::visibility("default")]] int sync_file_range(int /*file*/, long /*from*/, long /*bytes*/,
                                                   unsigned /*flags*/) {
    return 0;
}

}  // extern "C"
