"""What resembles a secret and is none: it must come through untouched."""

from __future__ import annotations

import base64
import json

from tests.data.secrets.third.making import ALNUM, BASE64, HEX, LOWER, URLSAFE, Made

_made = Made("innocent")
some, wrapped = _made.some, _made.wrapped

CASES: list[tuple[str, object]] = []


def case(title: str, text: object) -> None:
    CASES.append((title, text))


def uuid() -> str:
    return "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12))


# hashes and ids
case(
    "git log",
    f"commit {some(HEX, 40)}\nAuthor: Ines <ines@example.com>\nDate:   Mon May 1\n\n    Rename the token bucket\n",
)
case("git log short", f"{some(HEX, 7)} Fix password field focus\n{some(HEX, 7)} Add secret santa page\n")
case("docker digest", f"postgres:16@sha256:{some(HEX, 64)}")
case("docker build", f" => CACHED [2/5] COPY . .\n => => writing image sha256:{some(HEX, 64)}  0.0s\n")
case(
    "sha512 integrity",
    f'    "node_modules/left-pad": {{\n      "version": "1.3.0",\n      "integrity": "sha512-{some(BASE64, 86)}=="\n    }}',
)
case(
    "go sum",
    f"github.com/pkg/errors v0.9.1 h1:{some(BASE64, 43)}=\ngithub.com/pkg/errors v0.9.1/go.mod h1:{some(BASE64, 43)}=\n",
)
case("cargo lock", f'[[package]]\nname = "serde"\nversion = "1.0.200"\nchecksum = "{some(HEX, 64)}"\n')
case("pip hashes", f"requests==2.32.0 \\\n    --hash=sha256:{some(HEX, 64)} \\\n    --hash=sha256:{some(HEX, 64)}\n")
case(
    "uv lock",
    f'{{ url = "https://files.example.com/a/b/{some(HEX, 60)}/x-1.0.tar.gz", hash = "sha256:{some(HEX, 64)}", size = 1234 }}',
)
case("uuid", f"request {uuid()} took 12 ms, session {uuid()}")
case(
    "ulid",
    f"event 01{some('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)} is in segment/01{some('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}",
)
case("trace ids", f"traceparent: 00-{some(HEX, 32)}-{some(HEX, 16)}-01")
case("request id", f"x-request-id: {some(ALNUM, 22)}\nx-amz-id-2: {some(BASE64, 76)}=\n")
case("etag", f'ETag: "{some(HEX, 32)}"\nCache-Control: max-age=3600\n')
case(
    "aws ids",
    "arn:aws:iam::123456789012:role/ci i-0a1b2c3d4e5f67890 vpc-0f1e2d3c4b5a69788 sg-0123456789abcdef0 subnet-0aa11bb22cc33dd44",
)
case("pods", "shop-api-7d9c6b5f4d-x2x9k   1/1   Running   0   3d\nshop-web-5f6d7c8b9-q8wzt   1/1   Running   0   3d\n")
case(
    "claude ids",
    json.dumps(
        {
            "id": "msg_01" + some(ALNUM, 22),
            "tool_use_id": "toolu_01" + some(ALNUM, 22),
            "requestId": "req_011" + some(ALNUM, 21),
        }
    ),
)
case(
    "openai ids",
    json.dumps(
        {
            "id": "chatcmpl-" + some(ALNUM, 29),
            "call_id": "call_" + some(ALNUM, 24),
            "system_fingerprint": "fp_" + some(HEX, 10),
        }
    ),
)
case("stripe ids", f"cus_{some(ALNUM, 14)} price_{some(ALNUM, 24)} pi_{some(ALNUM, 24)}")
case("lfs pointer", f"version https://git-lfs.github.com/spec/v1\noid sha256:{some(HEX, 64)}\nsize 12345\n")
case("md5sum", f"{some(HEX, 32)}  a.bin\n{some(HEX, 32)}  b.bin\n")
case("ssh fingerprint", f"256 SHA256:{some(BASE64, 43)} ines@laptop (ED25519)")
case("known hosts", f"github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{some(BASE64, 44)}\n")
case("ssh public key", f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC{some(BASE64, 340)} ines@laptop")
case("certificate", f"-----BEGIN CERTIFICATE-----\n{wrapped(900)}\n-----END CERTIFICATE-----\n")
case("public key", f"-----BEGIN PUBLIC KEY-----\n{wrapped(392)}\n-----END PUBLIC KEY-----\n")
case("pgp public", f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{wrapped(700)}\n-----END PGP PUBLIC KEY BLOCK-----\n")
case("pgp signature", f"-----BEGIN PGP SIGNATURE-----\n\n{wrapped(500)}\n-----END PGP SIGNATURE-----\n")
case("csr", f"-----BEGIN CERTIFICATE REQUEST-----\n{wrapped(700)}\n-----END CERTIFICATE REQUEST-----\n")
case(
    "jwks",
    json.dumps({"keys": [{"kty": "RSA", "use": "sig", "kid": some(HEX, 40), "n": some(URLSAFE, 342), "e": "AQAB"}]}),
)
case("wireguard peer", f"[Peer]\nPublicKey = {some(BASE64, 43)}=\nAllowedIPs = 0.0.0.0/0\n")
case("age recipient", "# public key: age1" + some("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58))
case("csp", f"Content-Security-Policy: script-src 'sha256-{some(BASE64, 43)}='")
case("rails digest path", f"/assets/application-{some(HEX, 64)}.js")
case("next chunk", f"/_next/static/chunks/pages/index-{some(HEX, 16)}.js")
case("nix store", f"/nix/store/{some('0123456789abcdfghijklmnpqrsvwxyz', 32)}-glibc-2.39/lib/libc.so.6")
case("ipfs", "ipfs://Qm" + some(ALNUM.replace("0", "").replace("l", ""), 44))
case("bitcoin block", f"block 0000000000000000000{some(HEX, 45)}")
case("ethereum address", f"contract 0x{some(HEX, 40)} tx 0x{some(HEX, 64)}")
case("chrome extension", f"chrome-extension://{some('abcdefghijklmnop', 32)}/popup.html")
case("mac and ipv6", "ether 02:42:ac:11:00:02 inet6 fe80::42:acff:fe11:2 prefixlen 64")
case("hexdump", "00000000  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 00  |.ELF............|\n")
case("coredump", "rip: 0x00007ffff7a42ab0 rsp: 0x00007fffffffe0a8 rbp: 0x0000555555555190")
case("google client id", f"123456789012-{some(LOWER, 32)}.apps.googleusercontent.com")
case("apple team", "6N38VWS5BX.com.example.shop")
case("youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL" + some(ALNUM, 32))
case("gist", f"https://gist.github.com/ines/{some(HEX, 32)}")
case("google doc", f"https://docs.google.com/document/d/1{some(URLSAFE, 43)}/edit")
case("slack message", "https://shop.slack.com/archives/C02ABCDEF12/p1714559000123456")
case("figma link", f"https://www.figma.com/file/{some(ALNUM, 22)}/Shop?node-id=12%3A34")
case("base64 png", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA" + some(BASE64, 1200) + "==")
case(
    "base64 image in json",
    {
        "content": [
            {
                "type": "image",
                "source": {
                    "type": "base64",
                    "media_type": "image/jpeg",
                    "data": "/9j/4AAQSkZJRgABAQ" + some(BASE64, 2000),
                },
            }
        ]
    },
)
case("font", f"@font-face{{src:url(data:font/woff2;base64,d09GMgABAAAAA{some(BASE64, 600)})}}")
case(
    "source map",
    "//# sourceMappingURL=data:application/json;charset=utf-8;base64,"
    + base64.b64encode(b'{"version":3,"sources":["a.ts"]}' * 9).decode(),
)
case(
    "svg path", '<path d="M12 2C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10S17.52 2 12 2zm0 18c-4.41 0-8-3.59-8-8"/>'
)
case(
    "minified",
    '!function(e,t){"object"==typeof exports&&"undefined"!=typeof module?module.exports=t():e.token=t()}(this,function(){return{key:1,pass:2}});',
)
case(
    "thinking signature", {"type": "thinking", "thinking": "Let me see", "signature": "EqQB" + some(BASE64, 320) + "=="}
)
case("encrypted reasoning", {"type": "reasoning", "encrypted_content": "gAAAAAB" + some(URLSAFE, 600)})
case(
    "cursor page token",
    {"nextPageToken": "CAUQAA", "page_token": "eyJvIjoxMDB9", "next_cursor": "dXNlcjpXMDdRQ1JQQTQ="},
)
case(
    "notebook",
    json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "id": some(HEX, 8),
                    "execution_count": 3,
                    "source": ["token_counts = df['token'].value_counts()\n"],
                }
            ]
        }
    ),
)

# code that reads, compares, declares, types
case("python environ", 'password = os.environ["DB_PASSWORD"]\ntoken = os.getenv("GITHUB_TOKEN", "")\n')
case("python getpass", "password = getpass.getpass('Password: ')\n")
case("python types", "def login(user: str, password: str, token: str | None = None) -> Session: ...")
case("python pass through", "client = Client(api_key=api_key, secret=self._secret, password=config.password)")
case("python iterators", "token = next(tokens)\nwhile token.kind != TokenKind.END:\n    token = tokens.advance()\n")
case("python dict get", "secret = settings.get('secret_key')\nkey = sorted(rows, key=lambda r: r.key)\n")
case("python f string", 'url = f"postgres://{user}:{password}@{host}:{port}/{name}"')
case("python test", "def test_password_is_hashed_with_argon2(): assert hash_password(password) != password")
case(
    "django fields",
    "password = models.CharField(max_length=128)\napi_token = forms.CharField(widget=forms.PasswordInput)\n",
)
case(
    "pydantic",
    "class Settings(BaseSettings):\n    secret_key: SecretStr = Field(..., min_length=32)\n    access_token_expire_minutes: int = 60\n",
)
case("primary keys", "id = Column(Integer, primary_key=True)\nForeignKey('users.id', name='fk_user_token')\n")
case(
    "tokens counted",
    "prompt_tokens=1234 completion_tokens: 567 total_tokens=1801 max_tokens=4096 cache_read_input_tokens: 10234",
)
case(
    "tokenizer",
    'tokenizer = AutoTokenizer.from_pretrained("sentence-transformers/all-MiniLM-L6-v2")\npad_token="<pad>", eos_token="</s>", unk_token="[UNK]"',
)
case("js environment", "const apiKey = process.env.API_KEY;\nconst secret = import.meta.env.VITE_SECRET ?? '';\n")
case(
    "js shorthand", "const { token, password } = req.body;\nawait signIn({ token, password, apiKey: config.apiKey });\n"
)
case("js header variable", "headers: { Authorization: `Bearer ${token}`, 'X-API-Key': apiKey }")
case("ts types", "interface Login { password: string; token?: string; secret: string | undefined; apiKey: ApiKey }")
case("ts enum", "enum TokenType { Access = 'access_token', Refresh = 'refresh_token' }")
case(
    "react input",
    '<input type="password" name="password" autoComplete="current-password" placeholder="Password" value={password} onChange={setPassword} />',
)
case(
    "react props",
    "<PasswordField label=\"New password\" secret={false} token={csrfToken} helperText='At least 12 characters' />",
)
case("html label", '<label for="password">Password:</label> <a href="/reset-password">Forgot your password?</a>')
case(
    "i18n",
    json.dumps(
        {
            "password": "Password",
            "login.password.label": "Your password",
            "token": "Token",
            "apiKey": "API key",
            "secret": "Secret",
        }
    ),
)
case(
    "i18n german",
    json.dumps({"password": "Passwort", "passwordRepeat": "Passwort wiederholen", "apiKey": "API-Schlüssel"}),
)
case(
    "json schema",
    json.dumps(
        {
            "properties": {
                "password": {"type": "string", "minLength": 8, "format": "password"},
                "token": {"type": "string"},
            },
            "required": ["password", "token"],
        }
    ),
)
case(
    "openapi",
    "securitySchemes:\n  bearerAuth:\n    type: http\n    scheme: bearer\n    bearerFormat: JWT\n  apiKey:\n    type: apiKey\n    in: header\n    name: X-API-Key\n",
)
case(
    "java",
    'String password = request.getParameter("password");\nprivate final String token;\nToken token = lexer.nextToken();\n',
)
case("spring", 'spring.datasource.password=${DB_PASSWORD}\n@Value("${app.secret}") String secret;\n')
case(
    "go",
    'password := os.Getenv("DB_PASSWORD")\nif token == "" { return errors.New("token: empty") }\ntype Config struct { Password string `json:"password"` }\n',
)
case("go flag", 'apiKey := flag.String("api-key", "", "the API key to use")')
case(
    "rust",
    'let token: Token = parser.next_token()?;\nlet secret = std::env::var("APP_SECRET").expect("APP_SECRET must be set");\n',
)
case("c", "typedef struct { char *password; size_t password_len; } creds_t; /* secret: none */")
case("sql", "SELECT id, password_hash FROM users WHERE token = $1 AND password = ? AND api_key IS NOT NULL;")
case("sql ddl", "CREATE TABLE t (password VARCHAR(255) NOT NULL, api_token TEXT DEFAULT NULL, secret_key BYTEA);")
case(
    "ruby",
    "has_secure_password\nvalidates :password, presence: true, length: { minimum: 12 }\ntoken = params[:token]\n",
)
case("php", "$password = $_POST['password'];\nif (!password_verify($password, $user['password'])) return;\n")
case(
    "bash",
    'read -s -p "Password: " PASSWORD\nTOKEN=$(vault read -field=token secret/ci)\nexport API_KEY="${API_KEY:?must be set}"\n',
)
case(
    "bash file",
    "PASSWORD_FILE=/run/secrets/db_password\nSECRET_PATH=/var/lib/app/secret.key\nTOKEN_URL=https://id.example.com/token\n",
)
case(
    "compose variables",
    "environment:\n  - POSTGRES_PASSWORD=${POSTGRES_PASSWORD}\n  - POSTGRES_PASSWORD_FILE=/run/secrets/db\n",
)
case(
    "kubernetes refs",
    "valueFrom:\n  secretKeyRef:\n    name: shop-db\n    key: password\nvolumes:\n- name: tls\n  secret:\n    secretName: shop-tls\n",
)
case(
    "kubernetes configmap",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  LOG_LEVEL: debug\n  banner: V2VsY29tZSB0byB0aGUgc2hvcCE=\n",
)
case(
    "kubernetes serviceaccount",
    "automountServiceAccountToken: false\nimagePullSecrets:\n- name: registry-pull\nserviceAccountName: shop\n",
)
case(
    "helm template",
    'password: {{ .Values.auth.password | quote }}\ntoken: {{ include "shop.token" . }}\nexistingSecret: shop-auth\n',
)
case(
    "terraform reference",
    'password = var.db_password\nsecret_id = aws_secretsmanager_secret.db.id\ntoken    = data.vault_generic_secret.ci.data["token"]\n',
)
case(
    "terraform plan",
    "      + password                = (sensitive value)\n      + master_password_wo      = (write-only attribute)\n      + key_id                  = (known after apply)\n",
)
case(
    "github actions",
    "        with:\n          token: ${{ secrets.GITHUB_TOKEN }}\n          password: ${{ secrets.REGISTRY_PASSWORD }}\n",
)
case("ansible", 'ansible_password: "{{ vault_db_password }}"\nno_log: true\n')
case("jinja", "DB_PASSWORD={{ db_password }}\n")
case(
    "env example",
    "DB_PASSWORD=\nAPI_KEY=your-api-key-here\nSECRET_KEY=changeme\nSTRIPE_SECRET_KEY=sk_test_xxxxxxxxxxxxxxxxxxxxxxxx\nTOKEN=<token>\n",
)
case("readme curl", 'curl -H "Authorization: Bearer $TOKEN" -u "$USER:$PASSWORD" https://api.example.com\n')
case(
    "readme placeholders",
    'curl -H "Authorization: Bearer YOUR_API_KEY" https://api.example.com\ngit clone https://<user>:<token>@github.com/shop/app\n',
)
case("docs url", "The form is postgres://USER:PASSWORD@HOST:PORT/DB and redis://:PASSWORD@HOST.")
case("masked", "password=******** token=[FILTERED] api_key=*** secret: <redacted> Authorization: Bearer ****abcd")
case("masked by ci", "DB_PASSWORD: ***\nAWS_SECRET_ACCESS_KEY: ***\n")
case(
    "aws configure list",
    "access_key     ****************ABCD shared-credentials-file\nsecret_key     ****************wxyz shared-credentials-file\n",
)

# flags, urls, shells
case("ports", "docker run -p 8080:80 -p 5432:5432 -u 1000:1000 nginx; ssh -p 2222 ines@host; mkdir -p a/b; cp -a x y")
case(
    "urls with users",
    "ssh://git@github.com/shop/app.git git@github.com:shop/app.git https://ines@bitbucket.org/shop/app.git",
)
case(
    "urls without",
    "postgres://localhost:5432/shop redis://redis:6379/0 amqp://rabbit:5672 http://[::1]:8080/ mongodb://m1:27017,m2:27017/shop",
)
case("scoped packages", "npm i @types/node@20.11.5 @babel/core@7.24.0 && npx tsx@4 a.ts")
case("emails", "Write to ines@example.com, cc: bob+token@example.org; mailto:help@example.com?subject=password")
case("times", "10:30@2024-05-01 ratio 16:9 key:value a:b@c")
case(
    "working dirs",
    "PWD=/home/ines/work\nOLDPWD=/tmp\nSSH_AUTH_SOCK=/tmp/ssh-XXXXabcd12/agent.4242\nGPG_TTY=/dev/pts/1\n",
)
case("passwd", "root:x:0:0:root:/root:/bin/bash\nines:x:1000:1000:Ines:/home/ines:/bin/zsh\n")
case("test counts", "pass: 12 fail: 3\npassed=12 failed=0 skipped=1\nTests: 3 passed, 3 total\n")
case(
    "prose about passwords",
    "The password must have at least 12 characters, and the token expires after an hour. Secrets belong in the vault.",
)
case(
    "prose password is",
    "My password is wrong, and the token is invalid. Is the secret is shared? The key is important.",
)
case("prose german", "Das Passwort ist falsch. Bitte ein neues Passwort: mindestens zwölf Zeichen.")
case("question", "How do I rotate the API key? What is a bearer token? Where does password: come from in this file?")
case(
    "error messages",
    "error: invalid token: unexpected '}' at line 3\nfatal: Authentication failed: bad credentials\nException: password authentication failed for user \"app\"\n",
)
case("lexer output", "Token(type=NAME, value='password', pos=12) Token(type=OP, value='=')")
case(
    "http auth challenge",
    'WWW-Authenticate: Bearer realm="shop", error="invalid_token", error_description="The access token expired"',
)
case("cookies flags", "Set-Cookie: theme=dark; Path=/; SameSite=Lax; Secure; HttpOnly")
case(
    "cache keys",
    "cache_key=user:123:profile sort_key=created_at partition_key=region routing_key=orders.created idempotency_key=order-1234",
)
case("keyboard", "keyboard=us monkey=business turkey: sandwich hotkey: ctrl+shift+p keybinding: cmd+k cmd+s")
case("authors", "author: Ines Dahl\nauthority: https://login.example.com\nauth: none\nauth_method: oauth2\n")
case("yaml flags", "token: true\npassword: null\nsecret: false\napi_key: ~\nrotate_secret: 30d\n")
case("k8s names", "secret: shop-db-credentials\nsecretName: shop-tls\nkeyName: primary\ntokenName: ci-deploy\n")
case("key names", "key: id\nname: token\nsort: password_changed_at\n")
case(
    "options",
    "--password-file /run/secrets/db --token-ttl 3600 --key-size 4096 --secret-name shop/db --auth-type basic --no-password",
)
case("imports", "from app.security.tokens import make_token, TokenBucket\nimport { getSecret } from '@/lib/secrets';\n")
case("routes", "POST /api/v1/auth/token HTTP/1.1\nGET /users/password/edit?step=2&lang=en HTTP/1.1\n")
case("css", ".password-field::placeholder { color: #a1b2c3; } .token--active { background: #deadbeef; }")
case(
    "long identifiers",
    "AbstractSingletonProxyFactoryBeanPostProcessorConfiguration InternalFrameInternalFrameTitlePaneInternalFrameTitlePaneMaximizeButtonPainter",
)
case(
    "long snake",
    "sk_buff_frag_ref_unref_pskb_may_pull_reason ghp_request_cache_policy_for_pull_requests glpat_not_a_token",
)
case(
    "prefixes as words",
    "sk-learn and sk-image; SG.Controls.Button; hf_hub_download(repo_id='x'); key-value-store; pat.match; s.strip(); dp.pt.plot; xai-explainability-methods-compared",
)
case("dotted", "com.example.shop.security.JwtTokenProvider.createToken(JwtTokenProvider.java:42)")
case(
    "stack",
    "    at Object.<anonymous> (/srv/app/src/auth/password.test.ts:12:34)\n    at processTicksAndRejections (node:internal/process/task_queues:95:5)\n",
)
case(
    "version strings", "Python 3.12.3 (main, Apr  9 2024, 08:09:14) [Clang 15.0.0]; rustc 1.78.0 (9b00956e5 2024-04-29)"
)
case("publishable", f"pk_live_{some(ALNUM, 24)} and pk_test_{some(ALNUM, 24)} may stand in the page")
case("recaptcha site", "6Lc" + some(URLSAFE, 37))
case(
    "public keys under key names",
    f"public_key = {some(BASE64, 43)}=\npublicKey: '{some(HEX, 64)}'\nVAPID_PUBLIC_KEY=B{some(URLSAFE, 86)}\n",
)
case("protobuf", "message Login { string password = 1; string token = 2; bytes secret = 3; }")
case("graphql", "mutation Login($password: String!) { login(password: $password) { token expiresAt } }")
case("csv", "id,name,password_reset_at,token_count\n1,Ines,2024-05-01T10:00:00Z,1234\n")
case("makefile", "API_KEY ?= $(shell pass show ci/api-key)\nSECRET := $(SECRET)\n")
case("powershell", '$password = Read-Host -AsSecureString "Password"\n$env:TOKEN = $token\n')
case("vim", ":set key=\nnnoremap <leader>p :call Pass()<CR>\n")
case("commented", "# password: the database password (string, required)\n# token - an access token; see the docs\n")
case(
    "argparse help",
    "  --password PASSWORD   the password of the user\n  --token TOKEN, -t TOKEN  access token (env: APP_TOKEN)\n  -u USER:PASS\n",
)
case("table heads", "| password | token | secret |\n| --- | --- | --- |\n| yes | no | no |\n")
case(
    "metadata",
    {
        "session_id": uuid(),
        "cwd": "/home/ines/src/token-service",
        "usage": {"input_tokens": 12, "output_tokens": 34},
        "tool_name": "Read",
        "tokens": 5,
        "key": "Enter",
        "secret": False,
        "password": None,
    },
)
case(
    "tool input",
    {
        "tool_input": {
            "file_path": "/srv/app/secret_rules.py",
            "pattern": "password\\s*=\\s*['\\\"]",
            "old_string": "token = a",
            "new_string": "token = b",
        }
    },
)
case("regex", r"""r"(?i)password\s*[:=]\s*['\"]?([^'\"\s]{8,})" and r"ghp_[A-Za-z0-9]{36}" """)
case("ssh debug", "debug1: Offering public key: /home/ines/.ssh/id_ed25519 ED25519 SHA256:" + some(BASE64, 43))
case("systemd", "LoadCredential=token:/etc/app/token\nEnvironment=LOG_LEVEL=info\nPassEnvironment=TOKEN\n")
case(
    "nginx",
    'ssl_certificate_key /etc/ssl/private/shop.key;\nproxy_set_header Authorization $http_authorization;\nauth_basic "Members";\n',
)
case("apt key", "Signed-By: /usr/share/keyrings/docker.gpg\nkey 7EA0A9C3F273FCD8 imported\n")
case("password policy", "password_policy: strong\npassword_min_length: 12\npassword_encryption: scram-sha-256\n")
case(
    "oauth",
    "response_type=code&client_id=shop-web&redirect_uri=https%3A%2F%2Fshop.example.com%2Fcb&scope=openid+profile&token_endpoint_auth_method=none",
)
case("base64 text", "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhlIHF1aWNrIGJyb3duIGZveC4=")
case("crypto constants", "static const uint32_t K[4] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5};")
case("dna", ">seq1\nACGTACGTTAGCTAGCTAGGATCGATCGATTACGATCGATCGATCAGCTACGACTAGCATCGAC\n")
case("chess", "r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/5Q2/PPPP1PPP/RNB1K1NR b KQkq - 3 3")
case("private talk", "a <private_key> tag, a privateer, and </private> alone; `private` in Java")
