import Glibc

/// Keeps SIGPIPE away: a child that ends early must not end its parent.
enum BrokenPipe {
    /// Runs `body` with SIGPIPE blocked in this thread, and takes back the one that it may cause.
    static func silenced<Value>(_ body: () -> Value) -> Value {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        let wasPending = isPending
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        defer {
            var now = timespec()
            if !wasPending && isPending { _ = sigtimedwait(&signals, nil, &now) }
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        return body()
    }

    private static var isPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return sigismember(&pending, SIGPIPE) == 1
    }
}
