"""One process of the world: started, watched, killed and started again, its output in a file."""

import os
import signal
import subprocess
import time


class Deadline:
    """A condition is waited for, never slept through."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def passed(self):
        return time.monotonic() > self.end


def wait_for(condition, seconds, what, interval=0.02):
    """Returns the condition's first true value; raises when it stays false for too long."""
    deadline = Deadline(seconds)
    while True:
        value = condition()
        if value:
            return value
        if deadline.passed():
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(interval)


class Process:
    def __init__(self, name, argv, log_path, env=None, cwd=None):
        self.name = name
        self.argv = argv
        self.log_path = log_path
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.child = None
        self.log_start = 0

    def start(self):
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        return self

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        """What it has said since it was last started."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def wait_ready(self, condition, seconds=30):
        def ready():
            if not self.alive():
                raise RuntimeError(f"{self.name} ended at its start:\n{self.log()[-2000:]}")
            return condition()

        wait_for(ready, seconds, f"{self.name} to be ready ({self.log_path})")
        return self

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def kill(self):
        """SIGKILL: what a crash looks like."""
        if self.child is not None:
            self.signal(signal.SIGKILL)
            self.child.wait()

    def stop(self, seconds=10):
        """SIGTERM, and SIGKILL when that is not heard. Returns the exit status."""
        if self.child is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.child.returncode
