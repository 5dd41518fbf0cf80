"""Secrets in the files that people keep them in."""

from __future__ import annotations

import json
import textwrap

from tests.data.secrets.third.making import ALNUM, BASE64, HEX, LOWER, UPPER, URLSAFE, Made, b64

_made = Made("files")
some, jwt, wrapped, pem = _made.some, _made.jwt, _made.wrapped, _made.pem

CASES: list[tuple[str, str, tuple[str, ...]]] = []


def case(title: str, text: str, *secrets: str) -> None:
    CASES.append((title, text, secrets))


# .env
v = "sk_live_" + some(ALNUM, 24)
case("env stripe live", f"PORT=8080\nSTRIPE_SECRET_KEY={v}\nNODE_ENV=production\n", v)
v = some(BASE64, 40)
case(
    "env aws secret exported",
    f'export AWS_ACCESS_KEY_ID="{(k := "AKIA" + some(UPPER, 16))}"\nexport AWS_SECRET_ACCESS_KEY="{v}"\n',
    v,
    k,
)
case("env weak password", "DB_USER=shop\nDB_PASSWORD=marmalade77\nDB_HOST=db.internal\n", "marmalade77")
v = some(URLSAFE, 43)
case("env single quotes", f"SESSION_SECRET='{v}'\n", v)
v = some(ALNUM, 18)
case("env database url", f"DATABASE_URL=postgres://shop:{v}@db.internal:5432/shop?sslmode=require\n", v)
v = some(LOWER, 16)
case("env comment after", f"SMTP_PASS={v} # mail relay, ask Ines\n", v)
v = some(ALNUM, 32)
case("env spaces around", f"MAPS_API_KEY = {v}\n", v)
case("env words with spaces", 'MAIL_PASSWORD="blue kettle over Bergen"\nMAIL_PORT=587\n', "blue kettle over Bergen")
v = some(HEX, 64)
case("env jwt secret", f"JWT_SECRET={v}\n", v)
v = some(BASE64, 43) + "="
case("env laravel", f"APP_NAME=Shop\nAPP_KEY=base64:{v}\nAPP_DEBUG=false\n", v)
v = some(HEX, 32)
case("env datadog", f"DD_API_KEY={v}\nDD_SITE=datadoghq.eu\n", v)
v = "0x" + some(HEX, 64)
case("env wallet", f"DEPLOYER_PRIVATE_KEY={v}\nRPC_URL=https://rpc.example.org\n", v)
v = some(ALNUM + "!%&", 20)
case("env snowflake", f"SNOWFLAKE_ACCOUNT=xy12345.eu-west-1\nSNOWFLAKE_USER=loader\nSNOWFLAKE_PASSWORD={v}\n", v)

# compose, kubernetes, helm
case(
    "compose list",
    "services:\n  db:\n    image: postgres:16\n    environment:\n      - POSTGRES_USER=app\n      - POSTGRES_PASSWORD=Winter-2023-gate\n",
    "Winter-2023-gate",
)
case(
    "compose map",
    "  mysql:\n    environment:\n      MYSQL_DATABASE: shop\n      MYSQL_ROOT_PASSWORD: r00tcellar!\n    ports:\n      - '3306:3306'\n",
    "r00tcellar!",
)
v, w = b64("Quilted-Harbour-19"), b64(some(ALNUM, 24))
case(
    "kubernetes data",
    f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-db\n  namespace: prod\ntype: Opaque\ndata:\n  username: c2hvcA==\n  password: {v}\n  conn: {w}\n",
    v,
    w,
)
v = some(ALNUM, 22)
case(
    "kubernetes stringData", f"kind: Secret\napiVersion: v1\nmetadata:\n  name: hooks\nstringData:\n  signing: {v}\n", v
)
v = b64(some(ALNUM, 28))
case(
    "kubernetes json",
    json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "pay", "uid": "5b0c0f6e-6a52-4c2f-9f0b-0a1b2c3d4e5f"},
            "data": {"gateway": v},
            "type": "Opaque",
        },
        indent=2,
    ),
    v,
)
case(
    "kubernetes env value",
    '        env:\n        - name: LOG_LEVEL\n          value: debug\n        - name: DB_PASSWORD\n          value: "plum-Anchor-4"\n',
    "plum-Anchor-4",
)
v = b64(json.dumps({"auths": {"registry.example.com": {"username": "ci", "password": some(ALNUM, 20)}}}))
case(
    "kubernetes dockerconfigjson",
    f"kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {v}\n",
    v,
)
v = b64("ci:" + some(ALNUM, 20))
case("docker config auth", json.dumps({"auths": {"registry.example.com": {"auth": v}}}, indent="\t"), v)
v = b64(pem("RSA PRIVATE KEY", 800))
case(
    "kubeconfig client key",
    f"users:\n- name: admin\n  user:\n    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\n    client-key-data: {v}\n",
    v[40:],
)
v = jwt()
case("kubeconfig token", f"users:\n- name: ci\n  user:\n    token: {v}\ncurrent-context: prod\n", v)
v = some(ALNUM, 14)
case("helm values", f"auth:\n  enabled: true\n  rootPassword: {v}\n  existingSecret: ''\n", v)

# terraform, cloud
v = some(ALNUM + "!#", 20)
case("tfvars", f'region      = "eu-west-1"\ndb_password = "{v}"\n', v)
v, w = some(ALNUM, 24), some(BASE64, 40)
state = {
    "version": 4,
    "serial": 12,
    "lineage": "8f6e7d0a-33d8-4a56-9a53-9f3f7a5b0e11",
    "resources": [
        {
            "type": "aws_db_instance",
            "instances": [
                {
                    "attributes": {
                        "arn": "arn:aws:rds:eu-west-1:123456789012:db:shop",
                        "master_password": v,
                        "username": "root",
                    }
                }
            ],
        },
        {
            "type": "aws_iam_access_key",
            "instances": [{"attributes": {"id": (k := "AKIA" + some(UPPER, 16)), "secret": w}}],
        },
    ],
}
case("terraform state", json.dumps(state, indent=2), v, w, k)
v = some(ALNUM, 26)
case(
    "terraform sensitive output",
    json.dumps({"outputs": {"admin_login": {"value": v, "type": "string", "sensitive": True}}}, indent=2),
    v,
)
v, w = some(BASE64, 40), "IQoJb3JpZ2luX2Vj" + some(BASE64, 300) + "=="
case(
    "aws sts",
    json.dumps(
        {
            "Credentials": {
                "AccessKeyId": (k := "ASIA" + some(UPPER, 16)),
                "SecretAccessKey": v,
                "SessionToken": w,
                "Expiration": "2025-02-03T10:00:00Z",
            }
        },
        indent=4,
    ),
    v,
    w,
    k,
)
v = some(BASE64, 40)
case(
    "aws credentials file",
    f"[default]\naws_access_key_id = {(k := 'AKIA' + some(UPPER, 16))}\naws_secret_access_key = {v}\nregion = eu-central-1\n",
    v,
    k,
)
v = some(ALNUM, 20)
case(
    "secretsmanager",
    json.dumps(
        {
            "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1B2c3",
            "Name": "shop/db",
            "SecretString": json.dumps({"username": "root", "password": v, "port": 5432}),
        },
        indent=4,
    ),
    v,
)
v = some(ALNUM, 25)
case(
    "ssm secure string",
    json.dumps(
        {"Parameter": {"Name": "/shop/prod/gateway", "Type": "SecureString", "Value": v, "Version": 3}}, indent=4
    ),
    v,
)
v = some(BASE64, 86) + "=="
case(
    "azure connection string",
    f'AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=https;AccountName=shopblobs;AccountKey={v};EndpointSuffix=core.windows.net"\n',
    v,
)
v = some(BASE64, 43) + "="
case(
    "azure service bus",
    f"Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={v}",
    v,
)
v = some(ALNUM, 43) + "%3D"
case(
    "azure sas url",
    f"https://shopblobs.blob.core.windows.net/backup/x.tar?sv=2022-11-02&se=2025-01-01T00%3A00%3A00Z&sr=b&sp=r&sig={v}",
    v,
)
v = some(ALNUM, 3) + "8Q~" + some(ALNUM + "_.~-", 34)
case(
    "azure client secret",
    json.dumps(
        {
            "appId": "5c0f3c0e-58c1-4c52-8dfa-6c1f35f0f7a1",
            "displayName": "ci",
            "password": v,
            "tenant": "d6b3b3c9-0f38-46d3-8a2f-54a7f5b6cf0a",
        }
    ),
    v,
)
v = pem("PRIVATE KEY", 1200) + "\n"
case(
    "gcp service account",
    json.dumps(
        {
            "type": "service_account",
            "project_id": "shop-1",
            "private_key_id": some(HEX, 40),
            "private_key": v,
            "client_email": "ci@shop-1.iam.gserviceaccount.com",
        },
        indent=2,
    ),
    v.split("\n")[3],
    v.split("\n")[-4],
)
v = "GOCSPX-" + some(URLSAFE, 28)
case(
    "gcp oauth client",
    json.dumps({"installed": {"client_id": "123456789012-abc.apps.googleusercontent.com", "client_secret": v}}),
    v,
)
v = "AIza" + some(URLSAFE, 35)
case("google api key in url", f"https://maps.googleapis.com/maps/api/geocode/json?address=Oslo&key={v}", v)

# tools' own files
v = "npm_" + some(ALNUM, 36)
case("npmrc token", f"//registry.npmjs.org/:_authToken={v}\nfund=false\n", v)
v = b64("ci:" + some(ALNUM, 12))
case("npmrc legacy auth", f"_auth = {v}\nalways-auth=true\n", v)
v = b64(some(ALNUM, 14))
case("npmrc password", f"//npm.example.com/:username=ci\n//npm.example.com/:_password={v}\n", v)
v = some(ALNUM, 16)
case("pip conf", f"[global]\nindex-url = https://ci:{v}@pypi.example.com/simple\n", v)
v = "pypi-AgEIcHlwaS5vcmc" + some(URLSAFE, 150)
case("pypirc", f"[pypi]\nusername = __token__\npassword = {v}\n", v)
case("netrc line", "machine git.example.com login ines password tr0lltunga\n", "tr0lltunga")
case("netrc lines", "machine api.example.com\n  login ci\n  password Glas-Beads-3\n", "Glas-Beads-3")
v = some(ALNUM, 12)
case("pgpass", f"db.example.com:5432:shop:app:{v}\n", v)
v = some(ALNUM, 13)
case("my.cnf", f"[client]\nuser=root\npassword={v}\nhost=127.0.0.1\n", v)
case(
    "maven settings",
    "<server>\n  <id>central</id>\n  <username>deploy</username>\n  <password>Teapot#Lamp9</password>\n</server>\n",
    "Teapot#Lamp9",
)
v = some(ALNUM, 20)
case(
    "web.config add",
    f'<appSettings>\n  <add key="SmtpHost" value="mail.example.com" />\n  <add key="SmtpPassword" value="{v}" />\n</appSettings>',
    v,
)
v = some(ALNUM, 15)
case("xml attribute", f'<datasource name="shop" user="app" password="{v}" pool="8"/>', v)
case(
    "appsettings",
    json.dumps(
        {
            "ConnectionStrings": {
                "Default": "Server=tcp:shop.database.windows.net,1433;Database=shop;User ID=app;Password=Gravel&Tide22;Encrypt=true;"
            }
        }
    ),
    "Gravel&Tide22",
)
v = some(BASE64, 43) + "="
case(
    "wireguard",
    f"[Interface]\nPrivateKey = {v}\nAddress = 10.0.0.2/32\n\n[Peer]\nPublicKey = {some(BASE64, 43)}=\nAllowedIPs = 0.0.0.0/0\n",
    v,
)
case("wpa supplicant", 'network={\n  ssid="Cabin"\n  psk="sourdough-starter"\n}\n', "sourdough-starter")
case(
    "gradle signing",
    "android {\n  signingConfigs {\n    release {\n      storeFile file('r.jks')\n      storePassword 'Kumquat!31'\n      keyAlias 'up'\n      keyPassword 'Kumquat!32'\n    }\n  }\n}\n",
    "Kumquat!31",
    "Kumquat!32",
)
v = some(ALNUM, 17)
case("spring properties", f"spring.datasource.username=app\nspring.datasource.password={v}\nserver.port=8081\n", v)
v = some(ALNUM, 30)
case("toml", f'[gateway]\nurl = "https://pay.example.com"\napi_key = "{v}"\ntimeout_s = 30\n', v)
v = some(ALNUM, 26)
case("ini", f"[mailer]\nhost=smtp.example.com\nsecret={v}\n", v)
v = some(HEX, 128)
case("rails credentials", f"production:\n  secret_key_base: {v}\n", v)
v = "django-insecure-" + some(LOWER + "!@#$%^&*(-_=+)", 50)
case("django settings", f"DEBUG = True\nSECRET_KEY = '{v}'\nALLOWED_HOSTS = []\n", v)
v = some(ALNUM + "!@#%^&*()-_ []{}<>~+=,.;:/?|", 64).strip().replace("'", "x")
case("wordpress salt", f"define( 'AUTH_KEY',         '{v}' );\ndefine( 'WP_DEBUG', false );\n", v)
case("wordpress db", "define('DB_USER', 'wp');\ndefine('DB_PASSWORD', 'Lantern=Fig8');\n", "Lantern=Fig8")
v = some(ALNUM, 24)
case("yaml block scalar", f"gateway:\n  secret: |\n    {v}\n  retries: 3\n", v)
v = some(ALNUM, 24)
case("yaml folded scalar", f"smtp_password: >-\n  {v}\nsmtp_port: 587\n", v)
case(
    "ansible inventory",
    "[web]\nweb1 ansible_user=deploy ansible_become_pass=Cobble-7-Stone ansible_port=22\n",
    "Cobble-7-Stone",
)
case("ldap", "uri ldap://ldap.example.com\nbinddn cn=reader,dc=example,dc=com\nbindpw Thimble.44\n", "Thimble.44")
v = some(ALNUM, 40)
case("s3cfg", f"[default]\naccess_key = {some(UPPER, 20)}\nsecret_key = {v}\nhost_base = s3.example.com\n", v)
v = some(ALNUM, 16)
case("dockerfile env", f"FROM python:3.12\nENV REDIS_PASSWORD {v}\nRUN make\n", v)
v = "glpat-" + some(URLSAFE, 20)
case("dockerfile arg", f"ARG PIP_TOKEN={v}\n", v)
v = some(ALNUM, 28)
case("makefile", f"API_TOKEN ?= {v}\nimage:\n\tdocker build .\n", v)
case(
    "actions workflow",
    "    env:\n      CI: true\n      NPM_PASSWORD: 'Rookery_12'\n    steps:\n      - run: npm publish\n",
    "Rookery_12",
)

# keys
for label in ("RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "DSA PRIVATE KEY"):
    v = pem(label)
    case(f"pem {label}", f"$ cat key.pem\n{v}\n$ ls\n", *v.split("\n")[1:-1])
v = pem("PRIVATE KEY")
case("pem in json", json.dumps({"tls": {"key": v, "port": 443}}), *v.split("\n")[1:-1])
case(
    "pem in json in json",
    json.dumps({"body": json.dumps({"key": (v := pem("RSA PRIVATE KEY"))})}),
    *v.split("\n")[1:-1],
)
v = pem("RSA PRIVATE KEY")
case("pem in yaml", "tls.key: |\n" + textwrap.indent(v, "    ") + "\nport: 443\n", *v.split("\n")[1:-1])
v = pem("OPENSSH PRIVATE KEY")
case("pem numbered lines", "\n".join(f"{n:6}\t{line}" for n, line in enumerate(v.split("\n"), 1)), *v.split("\n")[1:-1])
v = pem("EC PRIVATE KEY")
case("pem in a diff", "\n".join("+" + line for line in v.split("\n")), *v.split("\n")[1:-1])
v = pem("PRIVATE KEY")
case(
    "pem quoted per line",
    'key := "" +\n' + "\n".join(f'    "{line}\\n" +' for line in v.split("\n")) + '\n    ""\n',
    *v.split("\n")[1:-1],
)
v = pem("RSA PRIVATE KEY")
case("pem cut by the end of output", v[:420], *v[:420].split("\n")[1:-1])
v = pem("RSA PRIVATE KEY").replace("\n", "\\n")
case("pem in env one line", f'FIREBASE_KEY="{v}"\n', v[60:100])
v = pem("PGP PRIVATE KEY BLOCK")
case("gpg", v, *v.split("\n")[1:-1])
lines = wrapped(256).split("\n")
mac = some(HEX, 64)
case(
    "putty",
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ines@laptop\nPublic-Lines: 2\n"
    + wrapped(112)
    + f"\nPrivate-Lines: {len(lines)}\n"
    + "\n".join(lines)
    + f"\nPrivate-MAC: {mac}\n",
    *lines,
)
v = "MIIKfAIBAzCCCgcGCSqGSIb3DQEHAaCC" + some(BASE64, 1800) + "=="
case("pkcs12 base64 env", f"SIGNING_P12_BASE64={v}\nTEAM=X\n", v)
v = "AGE-SECRET-KEY-1" + some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
case("age", f"# created: 2024-05-01\n# public key: age1qx\n{v}\n", v)
