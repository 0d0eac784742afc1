"""A pytest plugin: how busy the machine is, or how tests were started, is no reason to fail.

Signals reach what tests start, and no example of a property has to be quick.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

# A shell gives what it runs in the background SIGINT ignored, and programs hand that on: no Ctrl-C
# that a test sends would ever arrive.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
