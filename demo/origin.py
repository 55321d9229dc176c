"""A small real web server: the origin behind a data centre's TLS server.

    origin.py ADDRESS PORT TEXT
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Origin(BaseHTTPRequestHandler):
    text = b""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(self.text)))
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    Origin.text = (sys.argv[3] + "\n").encode()
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Origin).serve_forever()
