"""Exit statuses that commands return; errors bring their own (:mod:`qkdopt.errors`)."""

# The limit, of time or of memory, came before any plan, or some runs of a study are still missing.
UNFINISHED = 3
# Ctrl-C or SIGTERM; what is known by then is written.
INTERRUPTED = 130
# The checker refused a result.
REFUSED = 1
# Something of the installation does not work.
BROKEN = 1
