"""A gate as `reelgate up --stream` starts it, with bucket, film, sign-in service and Stream, and gates beside it."""

import os
import re
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue

import requests

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
REELGATE = os.environ.get("REELGATE_BIN", str(TARGET / "bundled/reelgate"))
SECRET = "playback-secret-of-the-api-tests-0123456789"

# Seconds. Components are compiled at the first start.
PATIENCE = 300


def kept():
    """What earlier runs have unpacked and compiled, for that takes a while."""
    folder = TARGET / "journeys/api"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Program:
    """A program that is ended with its test."""

    def __init__(self, words, ready, variables=None):
        environment = {"PATH": os.environ["PATH"], **(variables or {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen([REELGATE, *words], env=environment, text=True, **pipes)
        self.lines = []
        coming = Queue()
        threading.Thread(target=self._read, args=(coming,), daemon=True).start()
        while not any(ready in line for line in self.lines):
            try:
                line = coming.get(timeout=PATIENCE)
            except Empty:
                line = None
            if line is None:
                self.stop()
                raise RuntimeError("".join(self.lines[-20:]) or f"{words} says nothing")
            self.lines.append(line)

    def _read(self, coming):
        for line in self.process.stdout:
            coming.put(line)
        coming.put(None)

    def told(self, pattern):
        """What the program said where the pattern has its group."""
        return re.search(pattern, "".join(self.lines), re.M).group(1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class World:
    """What requests need to know."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "cache").symlink_to(kept())
        ports = ["--port", "0", "--page-port", "0", "--portal-port", "0", "--stream-port", "0", "--stream"]
        self.programs = [Program(["up", *ports, "--data", str(folder)], "/control/requests")]
        up = self.programs[0]
        self.portal = up.told(r"^portal +(http://\S+?)/?\s")
        self.gate = up.told(r"curl -i (http://[^/]+)/")
        self.admin = self._variable("REELGATE_ADMIN_TOKEN")

    def _variable(self, name):
        settings = (self.folder / "up.env").read_text()
        return re.search(rf"^{name}='?([^'\n]+)'?$", settings, re.M).group(1)

    def beside(self, variables):
        """The address of another gate on the same bucket, with these variables."""
        data = self.folder / f"beside-{len(self.programs)}"
        data.mkdir()
        (data / "cache").symlink_to(kept())
        words = ["serve", "--listen", "127.0.0.1:0", "--no-schedule", "--data", str(data)]
        bucket = [f"S3_{name}" for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
        known = {name: self._variable(f"SPIN_VARIABLE_{name}") for name in bucket}
        known = {**known, "PLAYBACK_TOKEN_SECRET": SECRET, **variables}
        gate = Program(words, "listening on", {f"SPIN_VARIABLE_{name}": value for name, value in known.items()})
        self.programs.append(gate)
        return gate.told(r"listening on (http://\S+)")

    def mint(self, film):
        """A playback token for this film, good at the gates of `beside`."""
        words = [REELGATE, "token", "mint", "--game", film, "--subject", "ada"]
        environment = {"SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET": SECRET}
        minted = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE)
        return minted.stdout.strip()

    def sign_in(self, name):
        """The JWT that the sign-in service of `reelgate up` gives to whoever says this name."""
        answer = requests.post(f"{self.portal}/api/session", json={"name": name}, timeout=PATIENCE)
        return answer.json()["token"]

    def close(self):
        while self.programs:
            self.programs.pop().stop()
