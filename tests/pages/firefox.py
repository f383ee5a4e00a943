"""Firefox without a window, driven through Marionette (a socket of its own): needs no package."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

# What would fetch something, ask something, or slow the start.
PREFERENCES = {
    "app.update.auto": False, "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False, "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False, "marionette.port": 0,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,", "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,", "browser.safebrowsing.update.enabled": False,
    "extensions.update.enabled": False, "browser.tabs.remote.autostart": True,
}

# Errors and warnings of scripts and styles, asked of Firefox itself. One is no fault: a value that is
# shown beside its mark follows it when the page is scrolled, which Firefox calls an effect.
NOTED = """
const since = arguments[0];
return Services.console.getMessageArray()
  .filter((m) => m instanceof Ci.nsIScriptError && m.timeStamp >= since && (m.sourceName || "").startsWith("file:"))
  .map((m) => m.errorMessage).filter((text) => !text.includes("scroll-linked positioning effect"));
"""


def find_firefox():
    """Path of a Firefox, or None."""
    for name in (os.environ.get("FIREFOX", ""), "firefox-esr", "firefox"):
        found = name and shutil.which(name)
        if found:
            return found
    return None


class Firefox:
    """As Browser in browser.py. Of troubles, it notes errors of scripts alone."""
    name = "Firefox"

    def __init__(self, program=None):
        self.profile = tempfile.TemporaryDirectory(prefix="mdn-firefox-",
                                                   ignore_cleanup_errors=True)
        with open(self.profile.name + "/user.js", "w") as file:
            for key, value in PREFERENCES.items():
                file.write("user_pref(%s, %s);\n" % (json.dumps(key), json.dumps(value)))
        self.log = open(self.profile.name + "/log", "wb")
        self.process = subprocess.Popen(
            [program or find_firefox(), "--headless", "--marionette",
             "--remote-allow-system-access", "--no-remote", "--profile",
             self.profile.name, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=dict(os.environ, HOME=self.profile.name, MOZ_DISABLE_AUTO_SAFE_MODE="1"))
        self._socket = socket.create_connection(("127.0.0.1", self._port()))
        self._rest, self._number, self._opened = b"", 0, 0
        self._receive()  # who it is
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.call("WebDriver:SetTimeouts", script=120000, pageLoad=120000)

    def _port(self):
        """Firefox writes it into its profile when it listens."""
        file = self.profile.name + "/MarionetteActivePort"
        for _ in range(600):
            if os.path.exists(file):
                with open(file) as text:
                    found = text.read().strip()
                if found:
                    return int(found)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("Firefox does not listen for Marionette")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Marionette:Quit", flags=["eForceQuit"])
        except (OSError, RuntimeError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._socket.close()
        self.log.close()
        self.profile.cleanup()

    def _receive(self):
        while True:
            length = re.match(rb"(\d+):", self._rest)
            if length:
                begin = length.end()
                end = begin + int(length.group(1))
                if len(self._rest) >= end:
                    message, self._rest = self._rest[begin:end], self._rest[end:]
                    return json.loads(message)
            part = self._socket.recv(1 << 20)
            if not part:
                raise RuntimeError("Firefox has ended")
            self._rest += part

    def call(self, command, **parameters):
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        while True:
            _, number, error, result = self._receive()
            if number != self._number:
                continue
            if error:
                raise RuntimeError(command + ": " + error["message"])
            return result.get("value", result) if isinstance(result, dict) else result

    def _in_firefox(self, script, *arguments):
        """Runs a script in the browser itself instead of in its page."""
        self.call("Marionette:SetContext", value="chrome")
        try:
            return self.call("WebDriver:ExecuteScript", script=script, args=list(arguments))
        finally:
            self.call("Marionette:SetContext", value="content")

    def version(self):
        return "Firefox " + self._in_firefox("return Services.appinfo.version;")

    def open(self, path, width=1400, height=900, dark=False, paper=False):
        """Loads a file as a window of that size shows it, or `paper` of that width. A window itself
        cannot be as narrow as a phone's: the part of it that shows the page can."""
        self._in_firefox("""
          const [width, height, dark, paper] = arguments;
          gBrowser.selectedBrowser.browsingContext.mediumOverride = paper ? "print" : "";
          Services.prefs.setIntPref("layout.css.prefers-color-scheme.content-override", dark ? 0 : 1);
          window.resizeTo(Math.max(width, 600), height + 200);
          const style = gBrowser.selectedBrowser.style;
          for (const side of ["min-width", "max-width"]) style.setProperty(side, width + "px", "important");
          for (const side of ["min-height", "max-height"]) style.setProperty(side, height + "px", "important");
        """, width, height, dark, paper)
        self._opened = time.time() * 1000
        self.call("WebDriver:Navigate",
                  url="file://" + urllib.parse.quote(os.path.abspath(path)))

    def run(self, expression):
        """The value of a JavaScript expression, which may be a promise."""
        value, failure = self.call("WebDriver:ExecuteAsyncScript", args=[], sandbox=None, script="""
          const done = arguments[arguments.length - 1];
          (async () => await (%s))().then((v) => done([v, null]), (e) => done([null, String(e)]));
        """ % expression)
        if failure:
            raise RuntimeError(failure)
        return value

    def key(self, name):
        codes = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012", "ArrowDown": "\ue015",
                 "ArrowUp": "\ue013", "Tab": "\ue004", "Enter": "\ue007"}
        value = codes.get(name, name)
        self._act([{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}])

    def drag(self, start, end, touch=False):
        """With the mouse or a finger, from one point of the window to another."""
        steps = [{"type": "pointerMove", "duration": 0, "x": round(start[0]), "y": round(start[1])},
                 {"type": "pointerDown", "button": 0}]
        for i in range(1, 5):
            steps.append({"type": "pointerMove", "duration": 30,
                          "x": round(start[0] + (end[0] - start[0]) * i / 4),
                          "y": round(start[1] + (end[1] - start[1]) * i / 4)})
        steps.append({"type": "pointerUp", "button": 0})
        self._act([{"type": "pointer", "id": "finger" if touch else "mouse",
                    "parameters": {"pointerType": "touch" if touch else "mouse"},
                    "actions": steps}])

    def _act(self, actions):
        self.call("WebDriver:PerformActions", actions=actions)
        self.call("WebDriver:ReleaseActions")

    def troubles(self):
        """Errors of scripts since the page was opened."""
        return ["exception: " + text for text in self._in_firefox(NOTED, self._opened)]

    def screenshot(self, file):
        """A PNG of the whole page."""
        data = self.call("WebDriver:TakeScreenshot", full=True, hash=False, scroll=False)
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))
