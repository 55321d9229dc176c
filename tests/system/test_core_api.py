"""The core and the authority as processes: the whole flow, every refusal with nothing stored, what
survives a restart, and what goes on without the authority."""

import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest
from core_site import AUTHORITY, CLI, CORE, Pki, Site, UnixConnection, openssl, read_records

from demo.process import wait_for

POLICY = "region: EU and not country: FR"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(str(tmp_path_factory.mktemp("pki")))


@pytest.fixture(scope="module")
def site():
    made = Site(tcp_port=free_port())
    try:
        made.start("authority")
        made.start("core")
        made.add_datacenter("fra", "DE", metro="frankfurt", attributes={"fips": "yes"})
        made.add_datacenter("par", "FR", metro="paris")
        made.enrol("fra-1", "fra")
        yield made
    finally:
        made.close()


# ---- uploads ----


@pytest.mark.parametrize("key_type", ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "Ed25519"])
def test_upload_of_every_key_type(site, pki, key_type):
    name = f"kind-{key_type.lower()}"
    host = f"{key_type.lower()}.example"
    chain, key = pki.leaf(name, key_type, (host, f"*.{host}"))
    status, answer = site.call("PUT", f"/v1/certificates/{name}", {"chain": chain, "key": key, "policy": POLICY})
    assert status == 200, answer
    assert answer["id"] == name and answer["key_type"] == key_type and answer["changed"] is True
    assert answer["hosts"] == [host, f"*.{host}"]
    assert answer["policy"] == POLICY and answer["satisfied_by"] == ["fra"] and answer["warnings"] == []
    # SKI: the SHA-1 of the public key's BIT STRING, as openssl's "hash" makes it.
    pki.issue(name, host, "middle", f"subjectAltName=DNS:{host}\nsubjectKeyIdentifier=hash\n")
    shown = openssl("x509", "-in", pki.path(f"{name}.pem"), "-noout", "-ext", "subjectKeyIdentifier")
    assert answer["ski"] == shown.splitlines()[1].strip().replace(":", "").lower()
    records = site.records()
    assert f"certificate/{name}" in records and f"key/{answer['ski']}" in records
    assert f"policykey/{answer['policy_id']}" in records and f"policywrap/{answer['policy_id']}/1" in records


@pytest.mark.parametrize("form", ["traditional", "parameters", "der-order"])
def test_other_forms_of_a_key_file(site, pki, form):
    name = f"form-{form}"
    chain, key = pki.leaf(name, "RSA-2048" if form == "traditional" else "P-256", (f"{form}.example",))
    if form == "traditional":
        key = openssl("pkey", "-in", pki.path(f"{name}.key"), "-traditional")
        assert "BEGIN RSA PRIVATE KEY" in key
    elif form == "parameters":
        key = openssl("ecparam", "-name", "prime256v1") + openssl("pkey", "-in", pki.path(f"{name}.key"), "-traditional")
        assert "BEGIN EC PARAMETERS" in key
    else:
        key = "some text before\r\n" + key.replace("\n", "\r\n") + "and after\r\n"
        chain = "# leaf\n" + chain + pki.read("root.pem")
    status, answer = site.call("PUT", f"/v1/certificates/{name}", {"chain": chain, "key": key, "policy": POLICY})
    assert status == 200, answer


def test_the_same_upload_twice_changes_nothing(site, pki):
    chain, key = pki.leaf("twice", hosts=("twice.example",))
    body = {"chain": chain, "key": key, "policy": POLICY}
    status, first = site.call("POST", "/v1/certificates", body)
    assert status == 201 and first["changed"] is True
    before = site.records()
    for method, path in (("POST", "/v1/certificates"), ("PUT", f"/v1/certificates/{first['id']}")):
        status, again = site.call(method, path, body)
        assert status == 200 and again["changed"] is False and again["id"] == first["id"]
    assert site.records() == before


def test_a_renewed_certificate_keeps_id_and_key(site, pki):
    chain, key = pki.leaf("renew", hosts=("renew.example",))
    site.call("PUT", "/v1/certificates/renew", {"chain": chain, "key": key, "policy": POLICY})
    before = site.records()
    chain, key = pki.leaf("renew", hosts=("renew.example", "more.example"))
    status, answer = site.call("PUT", "/v1/certificates/renew", {"chain": chain, "key": key, "policy": POLICY})
    after = site.records()
    assert status == 200 and answer["hosts"] == ["renew.example", "more.example"]
    assert {k for k in after if after[k] != before.get(k)} == {"certificate/renew"}


def test_a_new_key_replaces_the_former_one(site, pki):
    chain, key = pki.leaf("rekey-1", hosts=("rekey.example",))
    _, first = site.call("PUT", "/v1/certificates/rekey", {"chain": chain, "key": key, "policy": POLICY})
    chain, key = pki.leaf("rekey-2", hosts=("rekey.example",))
    _, second = site.call("PUT", "/v1/certificates/rekey", {"chain": chain, "key": key, "policy": "country: DE"})
    assert second["id"] == "rekey" and second["ski"] != first["ski"]
    assert second["created"] == first["created"]
    # Machines serve the former chain for a moment more: its key goes a little later.
    records = site.records()
    assert not records[f"key/{first['ski']}"][1] and not records[f"key/{second['ski']}"][1]
    site.stop("core", signal.SIGKILL)
    site.start("core")  # forgets nothing
    deadline = time.monotonic() + 20
    while not site.records()[f"key/{first['ski']}"][1]:
        assert time.monotonic() < deadline, "the former key stays"
        time.sleep(0.1)
    assert not site.records()[f"key/{second['ski']}"][1]


def test_a_former_key_goes_at_once_with_its_certificate(site, pki):
    chain, key = pki.leaf("former-1", hosts=("former.example",))
    body = {"chain": chain, "key": key, "policy": POLICY}
    _, first = site.call("PUT", "/v1/certificates/former", body)
    chain, key = pki.leaf("former-2", hosts=("former.example",))
    _, second = site.call("PUT", "/v1/certificates/former", {"chain": chain, "key": key, "policy": POLICY})
    # What is about to go does not stand in the way of the same key under another policy.
    assert site.call("PUT", "/v1/certificates/former-again", {**body, "policy": "country: DE"})[0] == 200
    assert site.call("DELETE", "/v1/certificates/former-again")[0] == 200
    assert site.call("PUT", "/v1/certificates/former", body)[0] == 200
    assert site.call("DELETE", "/v1/certificates/former")[0] == 200
    records = site.records()
    assert records[f"key/{first['ski']}"][1] and records[f"key/{second['ski']}"][1]


def test_delete_removes_certificate_and_key(site, pki):
    chain, key = pki.leaf("gone", hosts=("gone.example",))
    body = {"chain": chain, "key": key, "policy": POLICY}
    _, one = site.call("PUT", "/v1/certificates/gone-1", body)
    site.call("PUT", "/v1/certificates/gone-2", body)
    assert site.call("DELETE", "/v1/certificates/gone-1")[0] == 200
    records = site.records()
    assert records["certificate/gone-1"][1] and not records[f"key/{one['ski']}"][1]
    assert site.call("DELETE", "/v1/certificates/gone-2")[0] == 200
    assert site.records()[f"key/{one['ski']}"][1]
    assert site.call("GET", "/v1/certificates/gone-2")[0] == 404
    assert site.call("DELETE", "/v1/certificates/gone-2")[0] == 404
    assert site.call("PUT", "/v1/certificates/gone-2", body)[0] == 200


def test_equivalent_policies_share_a_key_and_others_are_refused(site, pki):
    chain, key = pki.leaf("shared", hosts=("shared.example",))
    _, one = site.call("PUT", "/v1/certificates/shared-1", {"chain": chain, "key": key, "policy": POLICY})
    status, two = site.call(
        "PUT", "/v1/certificates/shared-2",
        {"chain": chain, "key": key, "policy": "(not country: FR) and region: EU"})
    assert status == 200 and two["policy_id"] == one["policy_id"]
    before = site.records()
    for target in ("shared-1", "shared-3"):
        status, answer = site.call(
            "PUT", f"/v1/certificates/{target}", {"chain": chain, "key": key, "policy": "region: EU"})
        assert status == 409 and answer["error"]["code"] == "key_has_other_policy"
    assert site.records() == before


def test_a_policy_that_nothing_satisfies_is_accepted_with_a_warning(site, pki):
    chain, key = pki.leaf("nowhere", hosts=("nowhere.example",))
    status, answer = site.call(
        "PUT", "/v1/certificates/nowhere", {"chain": chain, "key": key, "policy": "country: US"})
    assert status == 200 and answer["satisfied_by"] == []
    assert "no data centre satisfies" in answer["warnings"][0]


def test_a_policy_satisfied_where_there_is_no_machine_yet_is_accepted_with_a_warning(site):
    status, answer = site.call("POST", "/v1/policies/check", {"policy": "country: FR"})
    assert status == 200 and answer["satisfied_by"] == ["par"]
    assert "no machine is enrolled" in answer["warnings"][0]
    status, answer = site.call("POST", "/v1/policies/check", {"policy": "country: DE or country: FR"})
    assert status == 200 and answer["warnings"] == []


@pytest.mark.parametrize(
    "argv, exit_status, says",
    [
        (("status", "--core"), 2, "--core takes"),
        (("--core",), 2, "--core takes"),
        (("certificate", "show", "Shop"), 1, "an id has 1 to 63"),
        (("certificate", "upload", "--chain", "/dev/null", "--key", "/dev/null", "--policy", "country: FR"), 1,
         "/dev/null is empty"),
        (("certificate", "upload", "--chain", "/dev/null", "--key", "/dev/null"), 2, "give the policy"),
        (("policy", "check", ""), 1, "it is empty"),
        (("datacenter", "add", "--id", "x", "--country", "FR", "--latitude", "nan", "--longitude", "1"), 2,
         "not \"nan\""),
        (("datacenter", "add", "--id", "fra", "--country", "DE", "--latitude", "1", "--longitude", "1"), 1,
         "--replace"),
    ],
)
def test_the_command_says_what_is_wrong(site, argv, exit_status, says):
    done = site.cli(*argv)
    assert done.returncode == exit_status and says in done.stderr, (done.returncode, done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize(
    "core, says",
    [("unix:/nowhere/api.sock", "unix:/nowhere/api.sock: No such file or directory"),
     ("/nowhere/api.sock", "is not a core's address"),
     ("http://127.0.0.1:1", "http://127.0.0.1:1: Failed to connect")],
)
def test_the_command_says_which_core_it_did_not_reach(core, says):
    done = subprocess.run([CLI, "--core", core, "status"], capture_output=True, text=True)
    assert done.returncode == 1 and says in done.stderr and "keyfence port 80" not in done.stderr


def test_warnings_about_a_chain(site, pki):
    chain, key = pki.leaf("soon", hosts=("soon.example",), days="3")
    _, answer = site.call("PUT", "/v1/certificates/soon", {"chain": pki.read("soon.pem"), "key": key, "policy": POLICY})
    assert any("expires at" in w for w in answer["warnings"])
    assert any("ends with the leaf" in w for w in answer["warnings"])


# ---- refusals ----


def refusals(pki):
    """name: (body, code, part of the message)"""
    chain, key = pki.leaf("refused", hosts=("refused.example",))
    _, other_key = pki.leaf("other", hosts=("other.example",))
    leaf, middle, root = (pki.read(f"{n}.pem") for n in ("refused", "middle", "root"))
    expired, _ = pki.leaf("expired", hosts=("expired.example",), days="-1")
    nameless, _ = pki.leaf("nameless", hosts=())
    encrypted = openssl("pkey", "-in", pki.path("refused.key"), "-aes256", "-passout", "pass:secret")
    legacy = openssl("rsa", "-in", pki.path("legacy.key"), "-aes128", "-passout", "pass:secret",
                     "-traditional") if pki.leaf("legacy", "RSA-2048", ("legacy.example",)) else ""
    lines = key.splitlines()
    cut = "\n".join(lines[:-1]) + "\n"
    broken = "\n".join([lines[0], lines[1][:10] + "!" + lines[1][11:], *lines[2:]]) + "\n"
    short = "\n".join([lines[0], lines[1][:-4], *lines[2:]]) + "\n"
    chain_lines = chain.splitlines()
    bad_chain = "\n".join(chain_lines[:3] + ["?" + chain_lines[3][1:]] + chain_lines[4:]) + "\n"
    policy = {"policy": POLICY}
    result = {
        "empty chain": ({"chain": "nothing", "key": key, **policy}, "chain_malformed", "no CERTIFICATE"),
        "damaged chain": ({"chain": bad_chain, "key": key, **policy}, "chain_malformed", "block 1, line 4"),
        "cut chain": ({"chain": chain[:200], "key": key, **policy}, "chain_malformed", "END line is missing"),
        "key in the chain": ({"chain": chain + key, "key": key, **policy}, "chain_holds_key", "private key"),
        "not a certificate": ({"chain": pki.read("refused.csr"), "key": key, **policy}, "chain_malformed", "CERTIFICATE REQUEST"),
        "empty key": ({"chain": chain, "key": "nothing", **policy}, "key_malformed", "no PEM block"),
        "cut key": ({"chain": chain, "key": cut, **policy}, "key_malformed", "line 1"),
        "damaged key": ({"chain": chain, "key": broken, **policy}, "key_malformed", "line 2"),
        "shortened key": ({"chain": chain, "key": short, **policy}, "key_malformed", "line"),
        "two keys": ({"chain": chain, "key": key + other_key, **policy}, "key_malformed", "second private key"),
        "certificate as key": ({"chain": chain, "key": leaf, **policy}, "key_malformed", "CERTIFICATE"),
        "public key as key": ({"chain": chain, "key": openssl("pkey", "-in", pki.path("refused.key"), "-pubout"), **policy}, "key_malformed", "PUBLIC KEY"),
        "encrypted key": ({"chain": chain, "key": encrypted, **policy}, "key_encrypted", "encrypted"),
        "legacy encrypted key": ({"chain": chain, "key": legacy, **policy}, "key_encrypted", "encrypted"),
        "another key": ({"chain": chain, "key": other_key, **policy}, "key_mismatch", "public keys differ"),
        "order": ({"chain": middle + leaf, "key": key, **policy}, "chain_order", "must come first"),
        "order of issuers": ({"chain": leaf + root + middle, "key": key, **policy}, "chain_order", "issued by certificate 3"),
        "gap": ({"chain": leaf + root, "key": key, **policy}, "chain_gap", "Test intermediate"),
        "expired": ({"chain": expired, "key": pki.read("expired.key"), **policy}, "certificate_expired", "expired at"),
        "no hosts": ({"chain": nameless, "key": pki.read("nameless.key"), **policy}, "no_hosts", "names no host"),
        "policy typo": ({"chain": chain, "key": key, "policy": "region: EU adn country: DE"}, "policy_invalid", "^~~"),
        "policy value": ({"chain": chain, "key": key, "policy": "country: XX"}, "policy_invalid", "country"),
        "policy label": ({"chain": chain, "key": key, "policy": "contry: DE"}, "policy_invalid", "country"),
        "policy of nothing": ({"chain": chain, "key": key, "policy": "country: DE and country: FR"}, "policy_invalid", "line 1"),
        "no policy": ({"chain": chain, "key": key}, "invalid", "policy"),
        "unknown member": ({"chain": chain, "key": key, **policy, "pass": "x"}, "invalid", "pass"),
        "wrong type": ({"chain": chain, "key": 7, **policy}, "invalid", "key"),
        "long policy": ({"chain": chain, "key": key, "policy": "country: DE or " * 2000 + "country: FR"}, "policy_too_long", "bytes"),
        "long key": ({"chain": chain, "key": "x" * 20000, **policy}, "key_too_long", "bytes"),
        "long chain": ({"chain": leaf * 12, "key": key, **policy}, "chain_too_long", "certificates"),
        "not JSON": (b'{"chain": "abc', "json_malformed", "line 1"),
        "not an object": (b'["chain"]', "invalid", "object"),
        "not UTF-8": (b'{"chain": "\xff"}', "json_malformed", "line 1"),
    }
    for key_type in ("RSA-1024", "P-521", "Ed448", "RSA-PSS"):
        name = f"bad-{key_type.lower()}"
        bad_chain, bad_key = pki.leaf(name, key_type, ("bad.example",))
        result[key_type] = ({"chain": bad_chain, "key": bad_key, **policy}, "key_unsupported", "not supported")
    subprocess.run(["openssl", "dsaparam", "-genkey", "-out", pki.path("dsa.key"), "1024"], check=True, capture_output=True)
    result["DSA"] = ({"chain": chain, "key": pki.read("dsa.key").split("-----END DSA PARAMETERS-----")[-1], **policy}, "key_unsupported", "DSA")
    return result


@pytest.fixture(scope="module")
def bad(pki):
    return refusals(pki)


def test_every_refusal_says_why_and_stores_nothing(site, pki, bad):
    before = site.records()
    listed = site.call("GET", "/v1/certificates")
    for name, (body, code, part) in bad.items():
        for method, path in (("POST", "/v1/certificates"), ("PUT", "/v1/certificates/refused")):
            status, answer = site.call(method, path, body)
            error = answer["error"]
            assert status == 400 and error["code"] == code and part in error["message"], (name, status, answer)
            if code == "key_unsupported":
                assert "RSA-2048, RSA-3072, RSA-4096, P-256, P-384 and Ed25519" in error["hint"], name
            if code == "key_encrypted":
                assert "openssl pkey -in" in error["hint"]
            if code == "policy_invalid":
                assert error["line"] == 1 and error["column"] >= 1
    assert site.records() == before
    assert site.call("GET", "/v1/certificates") == listed


def test_the_command_line_says_the_same(site, pki, bad):
    before = site.records()
    for name in ("damaged key", "encrypted key", "another key", "P-521", "policy typo", "damaged chain"):
        body, _, part = bad[name]
        files = {}
        for member in ("chain", "key"):
            files[member] = site.path(f"bad.{member}")
            with open(files[member], "w") as f:
                f.write(body[member])
        done = site.cli("certificate", "upload", "--id", "refused", "--chain", files["chain"], "--key", files["key"], "--policy", body["policy"])
        assert done.returncode == 1 and part in done.stderr and done.stdout == "", (name, done)
        secret = body["key"].splitlines()[1]
        assert secret not in done.stderr and secret not in site.log("core")
    assert site.records() == before


def test_a_damaged_secret_number_is_noticed(site, pki):
    """A well-formed file whose private part does not belong to its public part."""
    chain, _ = pki.leaf("hurt", "RSA-2048", ("hurt.example",))
    der = bytearray(subprocess.run(["openssl", "pkey", "-in", pki.path("hurt.key"), "-outform", "DER"], capture_output=True, check=True).stdout)
    der[-8] ^= 1  # inside qInv, the last number
    import base64

    key = "-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(bytes(der)).decode() + "-----END PRIVATE KEY-----\n"
    status, answer = site.call("PUT", "/v1/certificates/hurt", {"chain": chain, "key": key, "policy": POLICY})
    assert status == 400 and answer["error"]["code"] == "key_malformed", answer


def test_a_body_that_is_too_long(site):
    status, answer = site.call("POST", "/v1/certificates", b"x" * (300 * 1024))
    assert status == 413 and answer["error"]["code"] == "too_long"


def test_paths_and_methods(site):
    assert site.call("GET", "/nothing")[0] == 404
    assert site.call("GET", "/v1/certificates/Not%20an%20id")[0] == 404
    status, answer = site.call("PUT", "/v1/certificates", {})
    assert status == 405 and "GET, POST" in answer["error"]["message"]


# ---- the registry ----


def test_datacenters(site):
    before = site.records()
    base = {"id": "nyc", "country": "US", "latitude": 40.7, "longitude": -74}
    for change, code in (
        ({"country": "XX"}, "invalid"), ({"latitude": 91}, "invalid"), ({"latitude": "x"}, "invalid"),
        ({"id": "New York"}, "invalid"), ({"attributes": {"fips": "maybe"}}, "invalid"),
        ({"attributes": {"unheard": "of"}}, "invalid"), ({"regions": ["NOWHERE"]}, "invalid"), ({"extra": 1}, "invalid"),
    ):
        status, answer = site.call("POST", "/v1/datacenters", {**base, **change})
        assert status == 400 and answer["error"]["code"] == code, (change, answer)
    assert site.records() == before
    status, made = site.call("POST", "/v1/datacenters", base)
    assert status == 201
    assert made["attributes"]["country"] == "US" and made["attributes"]["region_EU"] == "no"
    assert site.call("POST", "/v1/datacenters", base)[0] == 409
    status, changed = site.call("PUT", "/v1/datacenters/nyc", {**base, "attributes": {"fips": "yes"}})
    assert status == 200 and changed["attributes"]["fips"] == "yes" and changed["revision"] > made["revision"]
    _, same = site.call("PUT", "/v1/datacenters/nyc", {**base, "attributes": {"fips": "yes"}})
    assert same["revision"] == changed["revision"]
    assert {d["id"] for d in site.call("GET", "/v1/datacenters")[1]["datacenters"]} == {"fra", "par", "nyc"}
    assert site.call("DELETE", "/v1/datacenters/nyc")[0] == 200
    assert site.call("GET", "/v1/datacenters/nyc")[0] == 404
    assert site.call("DELETE", "/v1/datacenters/fra")[0] == 409


def test_a_machine_gets_certificates_and_a_key(site):
    folder = os.path.join(site.folder, "fra-1")
    for role in ("relay", "sync"):
        openssl("verify", "-CAfile", f"{folder}/machine-ca.pem", f"{folder}/{role}.pem")
        text = openssl("x509", "-in", f"{folder}/{role}.pem", "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage")
        assert f"URI:keyfence://machine/fra-1/{role}" in text
        assert "CN=fra-1" in text.replace(" = ", "=")  # OpenSSL 3.0 writes it with spaces
        assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
        public = openssl("x509", "-in", f"{folder}/{role}.pem", "-noout", "-pubkey")
        assert public == openssl("pkey", "-in", f"{folder}/{role}.key", "-pubout")
        assert stat.S_IMODE(os.stat(f"{folder}/{role}.key").st_mode) == 0o400
    assert os.path.getsize(f"{folder}/enrolment.key") == 32
    with open(f"{folder}/records.pub") as f, open(site.path("core/records.pub")) as g:
        assert f.read().strip() == g.read().strip()
    assert "machinekey/fra-1/1" in site.records()


def test_enrolment_refusals_and_repetition(site):
    folder = os.path.join(site.folder, "fra-1")
    with open(f"{folder}/request.json") as f:
        request = json.load(f)
    before = site.records()
    for change, status, part in (
        ({"datacenter": "nowhere"}, 400, "no data centre"), ({"relay": "nonsense"}, 400, "HOST:PORT"),
        ({"enrolment_public": "00"}, 400, "hex"), ({"relay_csr": "x"}, 400, "relay_csr"),
        ({"id": "Fra"}, 400, "id"), ({"enrolment_public": "ab" * 32}, 409, "already"),
        ({"id": "fra-9"}, 409, "fra-1 has the relay address"),
    ):
        got, answer = site.call("POST", "/v1/machines", {**request, **change})
        assert got == status and part in answer["error"]["message"], (change, answer)
    # A request whose signature is not by its key: the authority notices.
    lines = request["relay_csr"].splitlines()
    forged = list(lines)
    forged[-2] = ("A" if forged[-2][0] != "A" else "B") + forged[-2][1:]
    got, answer = site.call("POST", "/v1/machines", {**request, "relay_csr": "\n".join(forged) + "\n"})
    assert got == 400 and answer["error"]["code"] in ("forged", "malformed"), answer
    assert site.records() == before
    assert site.call("POST", "/v1/machines", request)[0] == 201  # the answer may have been lost
    assert "already" in site.cli("machine", "enrol", "--dir", folder, "--id", "fra-1", "--datacenter", "fra", "--relay", "a:1").stderr


def test_new_attributes_reach_the_machines(site):
    site.add_datacenter("osl", "NO", metro="oslo")
    site.enrol("osl-1", "osl")
    before = site.records("osl-1")
    body = {"id": "osl", "country": "NO", "metro": "oslo", "latitude": 59.9, "longitude": 10.7, "attributes": {"fips": "yes"}}
    assert site.call("PUT", "/v1/datacenters/osl", body)[0] == 200
    after = site.records("osl-1")
    assert after["machinekey/osl-1/1"][0] > before["machinekey/osl-1/1"][0]
    assert "machinekey/fra-1/1" not in after  # other machines' keys do not travel
    assert site.call("DELETE", "/v1/machines/osl-1")[0] == 200
    assert site.feed_raw("osl-1")[0].status == 403
    records = site.records()
    assert records["machine/osl-1"][1]
    assert site.call("DELETE", "/v1/datacenters/osl")[0] == 200


def test_policy_check(site):
    status, answer = site.call("POST", "/v1/policies/check", {"policy": "region: EU"})
    assert status == 200 and answer["satisfied_by"] == ["fra", "par"]
    _, other = site.call("POST", "/v1/policies/check", {"policy": "(region: EU) or (region: EU and country: DE)"})
    assert other["policy_id"] == answer["policy_id"] == hashlib.blake2b(answer["policy_normal"].encode(), digest_size=16).hexdigest()
    done = site.cli("policy", "check", "region: EU\nadn country: DE")
    assert done.returncode == 1 and "line 2, column 1" in done.stderr and "^~~" in done.stderr


def test_a_certificate_for_the_server_in_front(site):
    folder = site.path("front")
    done = site.cli("core-certificate", "--dir", folder, "--name", "127.0.0.1", "--name", "core.example")
    assert done.returncode == 0, done.stderr
    openssl("verify", "-CAfile", f"{folder}/machine-ca.pem", f"{folder}/core.pem")
    text = openssl("x509", "-in", f"{folder}/core.pem", "-noout", "-ext", "subjectAltName,extendedKeyUsage")
    assert "DNS:core.example" in text and "IP Address:127.0.0.1" in text and "Client" not in text
    done = site.cli("core-certificate", "--dir", folder, "--name", "a,DNS:evil")
    assert done.returncode == 1 and "neither a host name nor an address" in done.stderr


# ---- the feed ----


def test_the_feed_in_order_and_complete(site):
    answer, body = site.feed_raw("fra-1")
    records = read_records(body)
    revisions = [r[0] for r in records.values()]
    assert revisions == sorted(revisions)
    assert int(answer.headers["X-Keyfence-Head"]) >= revisions[-1]
    assert answer.headers["X-Keyfence-Store"] == site.call("GET", "/v1/status")[1]["store"]
    middle = revisions[len(revisions) // 2]
    _, rest = site.feed_raw("fra-1", after=middle)
    assert [r[0] for r in read_records(rest).values()][0] > middle


def test_a_follower_learns_of_a_change_at_once(site, pki):
    chain, key = pki.leaf("fast", hosts=("fast.example",))
    heard = []

    def follow():
        after = int(site.feed_raw("fra-1")[0].headers["X-Keyfence-Head"])
        ready.set()
        while not heard:
            _, body = site.feed_raw("fra-1", after=after, wait=10)
            for name, record in read_records(body).items():
                after = record[0]
                if name == "certificate/fast":
                    heard.append(time.monotonic())

    ready = threading.Event()
    thread = threading.Thread(target=follow)
    thread.start()
    ready.wait(10)
    assert site.call("PUT", "/v1/certificates/fast", {"chain": chain, "key": key, "policy": POLICY})[0] == 200
    answered = time.monotonic()
    thread.join(10)
    assert heard and heard[0] - answered < 0.5


def test_the_feed_refuses(site):
    for query, status in (
        ("machine=fra-1&after=x", 400), ("after=0", 400), ("machine=fra-1&wait=31", 400),
        ("machine=..%2Fx", 400), ("machine=nobody", 403),
    ):
        connection = UnixConnection(site.feed)
        connection.request("GET", f"/v1/feed?{query}")
        assert connection.getresponse().status == status, query
    assert site.feed_raw("fra-1", headers={"X-Keyfence-Client": "par-1"})[0].status == 403
    answer, body = site.feed_raw("fra-1", after=10**9, wait=5)
    assert answer.status == 200 and body == b""  # at once: the follower must see that it is ahead


# ---- who may ask ----


def test_loopback_needs_the_token(site):
    port = int(open(site.path("core.yaml")).read().split("127.0.0.1:")[1].split('"')[0])
    url = f"http://127.0.0.1:{port}"
    token = site.path("core/token")
    assert stat.S_IMODE(os.stat(token).st_mode) == 0o400
    import http.client

    status, answer = site.call("GET", "/v1/status", connection=http.client.HTTPConnection("127.0.0.1", port))
    assert status == 401 and answer["error"]["code"] == "unauthorized"
    status, _ = site.call("GET", "/v1/status", connection=http.client.HTTPConnection("127.0.0.1", port), headers={"Authorization": "Bearer " + "0" * 64})
    assert status == 401
    done = site.cli("--core", url, "--token", token, "status")
    assert done.returncode == 2  # --core was given twice
    from core_site import CLI

    done = subprocess.run([CLI, "--core", url, "--token", token, "status"], capture_output=True, text=True)
    assert done.returncode == 0 and "generation" in done.stdout, done.stderr
    assert stat.S_IMODE(os.stat(site.api).st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_is_said_and_survived(pki):
    site = Site()
    state = site.path("core")
    os.mkdir(state, 0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", state], capture_output=True).returncode:
        site.close()
        pytest.skip("mounting is not possible here")
    try:
        site.start("authority")
        site.start("core")
        site.add_datacenter()
        chain, key = pki.leaf("full", hosts=("full.example",))
        body = {"chain": chain, "key": key, "policy": "country: DE"}
        stored = 0
        while (answer := site.call("PUT", f"/v1/certificates/full-{stored}", body))[0] == 200:
            stored += 1
        assert stored > 0 and answer[0] == 500 and "the disk is full" in answer[1]["error"]["message"], answer
        site.stop("core", signal.SIGKILL)
        site.start("core")  # serves what it has
        assert site.call("GET", "/v1/status")[1]["certificates"] == stored
        assert subprocess.run(["mount", "-o", "remount,size=8m", state]).returncode == 0
        assert site.call("PUT", "/v1/certificates/full-again", body)[0] == 200
    finally:
        for name in list(site.processes):
            site.stop(name, signal.SIGKILL)
        subprocess.run(["umount", "-l", state])
        site.close()


def test_nobody_floods_the_authority_with_complaints(site):
    before = len(site.log("authority"))
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(site.path("authority.sock"))
        for _ in range(2000):
            peer.sendall(b"\0\0\0\1\xee")
            assert peer.recv(4096)
    assert 0 < len(site.log("authority")) - before < 20000


def test_a_trickled_request_is_cut_off(site):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(site.path("authority.sock"))
        peer.settimeout(0.05)
        peer.sendall(b"\0\0\4\0")
        began = time.monotonic()
        while time.monotonic() - began < 12:
            try:
                peer.sendall(b"\1")
                if peer.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert 4 < time.monotonic() - began < 8


def locked_memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmLck:"))


def test_who_may_not_upload_has_no_memory_kept(site):
    """Bodies are kept in locked memory, half a megabyte each: only for those who may send one."""
    pid = site.processes["core"].pid
    before = locked_memory(pid)
    port = int(open(site.path("core.yaml")).read().split("127.0.0.1:")[1].split('"')[0])
    request = b"PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\nContent-Length: 200000\r\n\r\n" + b"a" * 100
    strangers = []
    for _ in range(40):
        strangers.append(socket.create_connection(("127.0.0.1", port)))
        strangers[-1].sendall(request % b"/v1/certificates/x")
        strangers.append(socket.socket(socket.AF_UNIX))
        strangers[-1].connect(site.feed)
        strangers[-1].sendall(request % b"/v1/feed?after=0&machine=fra-1")
    assert site.call("GET", "/v1/status")[0] == 200  # all of it was read by now
    assert locked_memory(pid) - before < 4096
    strangers[0].sendall(b"a" * 199900)
    assert strangers[0].recv(12) == b"HTTP/1.1 401"
    for stranger in strangers:
        stranger.close()


def refused_start(program, config, folder):
    path = os.path.join(folder, "refused.yaml")
    with open(path, "w") as f:
        f.write(config)
    done = subprocess.run([program, "--config", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    return done.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:8443", "192.0.2.1:80", "[::]:80", "example.org:80"])
def test_only_loopback_is_listened_on(site, tmp_path, address):
    with open(site.path("core.yaml")) as f:
        config = f.read().replace(site.path("core"), str(tmp_path / "core")).replace(f"unix:{site.api}", address)
    assert "loopback" in refused_start(CORE, config, str(tmp_path))


# ---- the authority ----


def test_a_wrong_passphrase(site, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase\n")
    with open(site.path("authority.yaml")) as f:
        config = f.read().replace(site.path("passphrase"), str(wrong)).replace("authority.sock", "other.sock")
    assert "passphrase is wrong" in refused_start(AUTHORITY, config, str(tmp_path))
    wrong.write_text("short\n")
    assert "8 to 1024 bytes" in refused_start(AUTHORITY, config, str(tmp_path))


def test_a_damaged_or_exchanged_generation(tmp_path):
    broken = Site()
    try:
        broken.start("authority")
        broken.start("core")
        broken.stop("core")
        broken.stop("authority")
        sealed = broken.path("authority/generation-1.sealed")
        with open(sealed, "rb") as f:
            good = f.read()
        with open(broken.path("authority.yaml")) as f:
            config = f.read()
        os.chmod(sealed, 0o600)
        for bad_bytes in (good[:-1], good[:100] + bytes([good[100] ^ 1]) + good[101:], good + b"x",
                          open(broken.path("authority/machine-ca.sealed"), "rb").read()):
            with open(sealed, "wb") as f:
                f.write(bad_bytes)
            assert "generation-1.sealed does not open" in refused_start(AUTHORITY, config, str(tmp_path))
        os.unlink(broken.path("authority/master.key"))
        assert "master.key is missing" in refused_start(AUTHORITY, config, str(tmp_path))
    finally:
        broken.close()


def test_the_authority_survives_nonsense(site):
    path = site.path("authority.sock")
    for data in (b"", b"\0", b"\xff" * 8, b"\0\0\0\1\x63", b"\0\0\0\0", b"\0\0\0\x05\x03\0\0\0\x09", b"\0\0\0\x02\x01x"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(path)
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            answer = s.makefile("rb").read()
            assert answer == b"" or answer[4] != 0, data  # an error, or the connection ended
    assert site.call("GET", "/v1/status")[1]["authority"] == "reachable"


def test_the_authority_has_no_network(site):
    """Its sandbox gives it Unix sockets alone; what it links is checked elsewhere."""
    pid = site.processes["authority"].pid
    with open(f"/proc/{pid}/status") as f:
        status = f.read()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status


# ---- life: these come last, they restart things ----


def test_the_catalogue_is_read_again(tmp_path):
    own = Site()
    try:
        catalogue = own.path("attributes.yaml")
        with open(own.path("core.yaml")) as f:
            config = f.read()
        shipped = config.split("catalogue: ")[1].split()[0]
        with open(shipped) as f:
            text = f.read()
        own.write("attributes.yaml", text)
        own.write("core.yaml", config.replace(shipped, catalogue))
        own.start("authority")
        core = own.start("core")
        check = ("POST", "/v1/policies/check", {"policy": "colour: red"})
        assert own.call(*check)[0] == 400
        own.write("attributes.yaml", "this: is: not YAML\n")
        core.send_signal(signal.SIGHUP)
        wait_for(lambda: "stays as it was" in own.log("core"), 10, "the refusal to be logged")
        own.write("attributes.yaml", text + "  colour:\n    kind: choice\n    values: [red, blue, green]\n")
        core.send_signal(signal.SIGHUP)
        wait_for(lambda: "read the catalogue again" in own.log("core"), 10, "the catalogue to be read")
        assert own.call(*check)[0] == 200
    finally:
        own.close()


def test_without_the_authority_uploads_go_on(site, pki):
    assert site.stop("authority", signal.SIGKILL) < 0
    chain, key = pki.leaf("alone", hosts=("alone.example",))
    status, answer = site.call("PUT", "/v1/certificates/alone", {"chain": chain, "key": key, "policy": "tier: high"})
    assert status == 200, answer  # a new policy: its key is made without the authority
    assert site.call("GET", "/v1/status")[1]["authority"] == "unreachable"
    before = site.records()
    folder = site.path("par-1")
    done = site.cli("machine", "enrol", "--dir", folder, "--id", "par-1", "--datacenter", "par", "--relay", "127.0.0.1:7401")
    assert done.returncode == 0
    done = site.cli("machine", "add", "--dir", folder)
    assert done.returncode == 1 and "authority" in done.stderr and "start keyfence-authority" in done.stderr
    body = {"id": "fra", "country": "DE", "latitude": 50, "longitude": 8}
    status, answer = site.call("PUT", "/v1/datacenters/fra", body)
    assert status == 503 and answer["error"]["code"] == "authority_unavailable"
    assert site.records() == before
    site.start("authority")
    assert site.cli("machine", "add", "--dir", folder).returncode == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_keeps_everything(site, how):
    certificates = site.call("GET", "/v1/certificates")
    records = site.records()
    status = site.call("GET", "/v1/status")[1]
    code = site.stop("core", how)
    assert code == (0 if how == signal.SIGTERM else -signal.SIGKILL)
    assert os.path.exists(site.api) == (how == signal.SIGKILL)
    site.stop("authority")
    site.start("core")  # without the authority
    again = site.call("GET", "/v1/status")[1]
    assert again["store"] == status["store"] and again["records_public"] == status["records_public"]
    assert again["head"] >= status["head"] and again["generation"] == 1
    assert site.call("GET", "/v1/certificates") == certificates and site.records() == records
    site.start("authority")
    assert site.call("GET", "/v1/status")[1]["authority"] == "reachable"


def test_a_second_core_on_the_same_socket_is_refused(site, tmp_path):
    with open(site.path("core.yaml")) as f:
        config = f.read().replace(f"state: {site.path('core')}", f"state: {tmp_path / 'core'}")
    assert "already listens" in refused_start(CORE, config, str(tmp_path))
