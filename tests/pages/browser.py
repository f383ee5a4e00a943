"""Chromium without a window, driven through a pipe (the DevTools protocol): needs no package."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse


def find_chromium():
    """Path of a Chromium or Chrome, or None."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = name and shutil.which(name)
        if found:
            return found
    return None


class Browser:
    """with Browser() as browser: browser.open(path, width); browser.run("document.title")"""
    name = "Chromium"

    def __init__(self, program=None):
        self.profile = tempfile.TemporaryDirectory(prefix="mdn-pages-",
                                                   ignore_cleanup_errors=True)
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        # Chromium reads its commands from descriptor 3 and answers on 4.
        command = 'exec "$0" "$@" 3<&%d 4>&%d' % (to_browser, from_browser)
        self.process = subprocess.Popen(
            ["bash", "-c", command, program or find_chromium(), "--headless", "--no-sandbox",
             "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
             "--user-data-dir=" + self.profile.name, "about:blank"],
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._rest, self.events, self._session = 0, b"", [], None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"]
                      if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"],
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session = None
        self.call("Browser.close")
        self.process.wait()
        os.close(self._out)
        os.close(self._in)
        self.profile.cleanup()

    def _receive(self):
        while b"\0" not in self._rest:
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has ended")
            self._rest += part
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """A command's result; events that come meanwhile are kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(method + ": " + answer["error"]["message"])
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._receive())

    def open(self, path, width=1400, height=900, dark=False, paper=False):
        """Loads a file as a window of that size shows it, or `paper` of that width."""
        self.events = []
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media="print" if paper else "", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # "#" in a file's name is part of it.
        self.call("Page.navigate", url="file://" + urllib.parse.quote(os.path.abspath(path)))
        self.wait_for("Page.loadEventFired")

    def run(self, expression):
        """The value of a JavaScript expression, which may be a promise."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def key(self, name):
        """A key such as ArrowRight or Tab, pressed and let go."""
        codes = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9,
                 "Enter": 13, " ": 32, "+": 187}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode=codes[name])

    def drag(self, start, end, touch=False):
        """With the mouse or a finger, from one point of the window to another."""
        path = [start] + [(start[0] + (end[0] - start[0]) * i / 4,
                           start[1] + (end[1] - start[1]) * i / 4) for i in range(1, 5)]
        if touch:
            for i, (x, y) in enumerate(path):
                self.call("Input.dispatchTouchEvent", type="touchMove" if i else "touchStart",
                          touchPoints=[{"x": x, "y": y}])
            self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            return
        for i, (x, y) in enumerate(path):
            self.call("Input.dispatchMouseEvent", type="mouseMoved" if i else "mousePressed", x=x,
                      y=y, button="left", buttons=1, clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1],
                  button="left", clickCount=1)

    def version(self):
        return self.call("Browser.getVersion")["product"].replace("/", " ")

    def troubles(self):
        """What the console was told of errors and warnings, and requests that left the page."""
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append("exception: " + json.dumps(parameters["exceptionDetails"])[:400])
            elif event.get("method") == "Runtime.consoleAPICalled":
                if parameters["type"] in ("error", "warning", "assert"):
                    found.append("console: " + json.dumps(parameters["args"])[:400])
            elif event.get("method") == "Log.entryAdded":
                found.append("log: " + parameters["entry"]["text"])
            elif event.get("method") == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    found.append("request: " + url)
        return found

    def screenshot(self, file, box=None):
        """A PNG of the whole page, or of (x, y, width, height) of it."""
        if box is None:
            box = (0, 0, *self.run("[document.documentElement.scrollWidth, "
                                   "document.documentElement.scrollHeight]"))
        clip = dict(zip(("x", "y", "width", "height"), box), scale=1)
        data = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))
