"""A pytest plugin: signals reach what tests start, however the tests themselves were started."""

import signal

# A shell gives what it runs in the background SIGINT ignored, and programs hand that on: no Ctrl-C
# that a test sends would ever arrive.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
