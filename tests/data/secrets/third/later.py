"""A fourth set, written when the third had been looked at: places that it has not."""

from __future__ import annotations

import json

from tests.data.secrets.third.making import ALNUM, BASE64, HEX, LOWER, UPPER, URLSAFE, Made, b64

_made = Made("later")
some, jwt, pem = _made.some, _made.jwt, _made.pem

CASES: list[tuple[str, str, tuple[str, ...]]] = []
INNOCENT: list[tuple[str, str]] = []


def case(title: str, text: str, *secrets: str) -> None:
    CASES.append((title, text, secrets))


def innocent(title: str, text: str) -> None:
    INNOCENT.append((title, text))


v = some(ALNUM, 20)
case(
    "envrc",
    f"export OP_SESSION_shop={v}\nexport VAULT_ADDR=https://v\nexport VAULT_TOKEN=hvs.{(w := some(URLSAFE, 90))}",
    w,
)
case("gitlab ci var", "variables:\n  DEPLOY_PASSWORD: 'Ragwort_51'\n  STAGE: prod", "Ragwort_51")
case("circle context", f"circleci context store-secret github shop NPM_TOKEN <<< {(v := some(ALNUM, 36))}", v)
case("gh secret set", "gh secret set DB_PASSWORD --body 'Otter.Pool.6'", "Otter.Pool.6")
case("fly secrets", f"fly secrets set SESSION_KEY={(v := some(ALNUM, 40))} REDIS_PASSWORD=Elm7bark", v, "Elm7bark")
case("heroku set", f"heroku config:set SECRET_KEY_BASE={(v := some(HEX, 64))} -a shop", v)
case("az keyvault", "az keyvault secret set --vault-name kv --name db --value 'Pike!Trout4'", "Pike!Trout4")
case("aws ssm put", "aws ssm put-parameter --name /shop/pw --type SecureString --value Barley-Mow-3", "Barley-Mow-3")
case(
    "aws secrets create",
    'aws secretsmanager create-secret --name x --secret-string \'{"username":"a","password":"Fennel-Seed-2"}\'',
    "Fennel-Seed-2",
)
case(
    "gcloud sql",
    "gcloud sql users set-password root --host=% --instance=shop --password=Hops_and_Rye1",
    "Hops_and_Rye1",
)
case("kubectl exec psql", "kubectl exec db-0 -- env PGPASSWORD=Plaice9fish psql -U app", "Plaice9fish")
case("docker compose inline", "MONGO_INITDB_ROOT_PASSWORD: ${MONGO_PW:-Gorse7bush}", "Gorse7bush")
case(
    "swarm join",
    f"docker swarm join --token SWMTKN-1-{(v := some(LOWER, 49) + '-' + some(LOWER, 25))} 10.0.0.1:2377",
    v,
)
case(
    "kubeadm",
    f"kubeadm join 10.0.0.1:6443 --token {(v := some(LOWER, 6) + '.' + some(LOWER, 16))} --discovery-token-ca-cert-hash sha256:{some(HEX, 64)}",
    v,
)
case("k3s token", f"K3S_TOKEN=K10{(v := some(HEX, 64))}::server:{(w := some(HEX, 32))}", v, w)
case("rails master", f"RAILS_MASTER_KEY={(v := some(HEX, 32))} bin/rails s", v)
case("ngrok", f"ngrok config add-authtoken {(v := '2' + some(ALNUM, 26) + '_' + some(ALNUM, 21))}", v)
case("tailscale up", f"sudo tailscale up --auth-key=tskey-auth-{(v := some(ALNUM, 12) + '-' + some(ALNUM, 32))}", v)
case(
    "rclone conf",
    f"[s3]\ntype = s3\naccess_key_id = {some(UPPER, 20)}\nsecret_access_key = {(v := some(BASE64, 40))}\n",
    v,
)
case("restic", "RESTIC_PASSWORD='rowan & yew 77' restic backup /home", "rowan & yew 77")
case("borg", 'export BORG_PASSPHRASE="Two owls at 9"', "Two owls at 9")
case("msmtprc", "account work\nhost smtp.example.com\nuser ines\npassword Linnet44seed\n", "Linnet44seed")
case("fetchmail", 'poll mail.example.com proto IMAP user "ines" password "Dipper.River.2"', "Dipper.River.2")
case("muttrc", 'set imap_pass = "Siskin_Alder_8"', "Siskin_Alder_8")
case("ssh sshpass env", "SSHPASS='Brambling5' sshpass -e ssh root@h", "Brambling5")
case("squid htpasswd", "htpasswd -cb /etc/squid/pw proxyuser Wigeon77marsh", "Wigeon77marsh")
case("rabbitmqctl", "rabbitmqctl add_user shop Garganey8lake", "Garganey8lake")
case("mosquitto", "mosquitto_pub -h mq -u dev -P Goldeneye-3 -t a -m b", "Goldeneye-3")
case("influx", "influx -username admin -password 'Smew#Ice5' -execute 'show databases'", "Smew#Ice5")
case(
    "keytool",
    "keytool -genkey -alias up -keystore r.jks -storepass Pochard_77 -keypass Pochard_78",
    "Pochard_77",
    "Pochard_78",
)
case("jarsigner", "jarsigner -storepass:env X -keypass Scaup99up app.jar up", "Scaup99up")
case("7z", "7z a -pTufted4Duck out.7z docs/", "Tufted4Duck")
case("zip -P", "zip -r -P Eider-Down-1 out.zip docs", "Eider-Down-1")
case("openssl enc", "openssl enc -aes-256-cbc -salt -in a -out b -k Shoveler31", "Shoveler31")
case("gpg batch", "Passphrase: Teal and Gadwall 6\n%commit", "Teal and Gadwall 6")
case("ansible vars", 'vault_mysql_password: "Whimbrel/5"\n', "Whimbrel/5")
case("salt pillar", "mysql:\n  root_pass: Dunlin-Sand-4\n", "Dunlin-Sand-4")
case("puppet", "  password => 'Knot.Shore.9',\n  ensure => present,", "Knot.Shore.9")
case("chef", "default['mysql']['server_root_password'] = 'Ruff7reeve'", "Ruff7reeve")
case("nginx proxy auth", f'proxy_set_header Authorization "Basic {(v := b64("svc:" + some(ALNUM, 12)))}";', v)
case("caddy", f'header_up X-Api-Key "{(v := some(ALNUM, 32))}"', v)
case(
    "traefik label",
    "traefik.http.middlewares.a.basicauth.users=ines:$$apr1$$q8eZFHjF$$Fvmkk//V6Btlaf2i/ju5n/ pw was Sanderling6",
    "Sanderling6",
)
case("prometheus", "  basic_auth:\n    username: prom\n    password: Turnstone_1\n", "Turnstone_1")
case("grafana ini", "[security]\nadmin_user = admin\nadmin_password = Oyster#Catcher2\n", "Oyster#Catcher2")
case("airflow conn", "AIRFLOW_CONN_DB='postgresql://af:Lapwing9field@pg/af'", "Lapwing9field")
case("celery broker", "broker_url = 'sqs://AKIAX:%s@'" % (v := "Plover%2F" + some(ALNUM, 30)), v)
case("dbt profile", "      user: dbt\n      password: Curlew~Moor3\n      port: 5432\n", "Curlew~Moor3")
case("snowflake connector", "snowflake.connector.connect(user='l', password='Snipe^Bog7', account='xy')", "Snipe^Bog7")
case(
    "kafka jaas",
    'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="svc" password="Redshank-8";',
    "Redshank-8",
)
case("spring yaml nested", "spring:\n  mail:\n    username: x\n    password: Avocet88beak\n", "Avocet88beak")
case("hibernate xml", '<property name="hibernate.connection.password">Stilt_Leg_9</property>', "Stilt_Leg_9")
case("tomcat users", '<user username="admin" password="Bittern!Reed" roles="manager-gui"/>', "Bittern!Reed")
case("android strings", f'<string name="maps_api_key">AIza{(v := some(URLSAFE, 35))}</string>', v)
case("plist", f"<key>ApiSecret</key>\n<string>{(v := some(ALNUM, 32))}</string>", v)
case("xcconfig", f"CLIENT_SECRET = {(v := some(ALNUM, 30))}", v)
case("cargo config", f'[registries.corp]\ntoken = "{(v := some(ALNUM, 40))}"', v)
case("gem credentials", f"---\n:rubygems_api_key: rubygems_{(v := some(HEX, 48))}", v)
case(
    "composer auth",
    json.dumps({"http-basic": {"repo.example.com": {"username": "u", "password": (v := some(ALNUM, 20))}}}),
    v,
)
case("nuget config", f'<add key="ClearTextPassword" value="{(v := some(ALNUM, 20))}" />', v)
case("yarnrc", f'npmAuthToken: "{(v := some(ALNUM, 36))}"', v)
case(
    "git config extraheader",
    f"http.https://github.com/.extraheader=AUTHORIZATION: basic {(v := b64('x-access-token:' + some(ALNUM, 30)))}",
    v,
)
case("git credentials", f"https://ines:{(v := some(ALNUM, 40))}@git.example.com", v)
case("svn", "svn co --username ines --password Nuthatch12 https://svn.example.com", "Nuthatch12")
case("cookie python", f"requests.get(u, cookies={{'sessionid': '{(v := some(LOWER, 32))}'}})", v)
case("curl cookie", f"curl -b 'sessionid={(v := some(HEX, 32))}; theme=x' https://example.com", v)
case("curl digest long", "curl --digest --user admin:Treecreeper8 https://cam/", "Treecreeper8")
case("httpie", "http -a ines:Wryneck-7 GET https://example.com", "Wryneck-7")
case("wget header", f'wget --header="Authorization: Bearer {(v := some(URLSAFE, 40))}" https://x', v)
case(
    "powershell cred",
    "$cred = New-Object PSCredential('ines', (ConvertTo-SecureString 'Hoopoe.Crest.4' -AsPlainText -Force))",
    "Hoopoe.Crest.4",
)
case("net use", "net use Z: \\\\files\\share /user:ines Hawfinch55", "Hawfinch55")
case("batch", "set DB_PASS=Crossbill9&& run.bat", "Crossbill9")
case("sql server login", "CREATE LOGIN app WITH PASSWORD = N'Goshawk!99', CHECK_POLICY = OFF;", "Goshawk!99")
case("postgres alter", "ALTER USER app ENCRYPTED PASSWORD 'Merlin*Falcon2';", "Merlin*Falcon2")
case("oracle", "CREATE USER shop IDENTIFIED BY Osprey77nest;", "Osprey77nest")
case("mongo shell", 'db.createUser({user: "app", pwd: "Buzzard-Thermal", roles: []})', "Buzzard-Thermal")
case("redis acl", "ACL SETUSER app on >Hobby99wing ~* +@all", "Hobby99wing")
case("redis auth", "127.0.0.1:6379> AUTH Kestrel77hover\nOK", "Kestrel77hover")
case("node pg", "new Pool({ user: 'a', host: 'h', password: `Fieldfare_9x` })", "Fieldfare_9x")
case("java char array", 'char[] password = "Redwing5berry".toCharArray();', "Redwing5berry")
case("java connection", 'DriverManager.getConnection(url, "app", "Mistle7thrush");', "Mistle7thrush")
case("go dsn", 'sql.Open("mysql", "app:Song4thrush@tcp(db:3306)/shop")', "Song4thrush")
case(
    "c# appsetting",
    f'Environment.SetEnvironmentVariable("SENDGRID_KEY", "SG.{(v := some(URLSAFE, 22) + "." + some(URLSAFE, 43))}");',
    v,
)
case("perl", "my $password = 'Ring_Ouzel_3';", "Ring_Ouzel_3")
case("lua", 'local api_key = "%s"' % (v := some(ALNUM, 32)), v)
case("r", 'Sys.setenv(OPENWEATHER_KEY = "%s")' % (v := some(HEX, 32)), v)
case("scala", 'val secretKey: String = "%s"' % (v := some(ALNUM, 32)), v)
case("clojure", '{:db-password "Stonechat-5" :port 5432}', "Stonechat-5")
case("haskell", 'connect defaultConnectInfo { connectPassword = "Whinchat_6" }', "Whinchat_6")
case("dart", "final String clientSecret = '%s';" % (v := some(ALNUM, 32)), v)
case(
    "jupyter",
    json.dumps({"source": ["import openai\n", 'openai.api_key = "sk-proj-' + (v := some(URLSAFE, 80)) + '"\n']}),
    v,
)
case(
    "tool output json", json.dumps({"stdout": "NAME   TOKEN\nci     " + (v := "glpat-" + some(URLSAFE, 20)) + "\n"}), v
)
case("jwt in header dump", f"> x-amzn-oidc-data: {(v := jwt())}", v)
case("terraform output", 'admin_password = "Dotterel(High)7"\nendpoint = "x"', "Dotterel(High)7")
case("pulumi", "config:\n  shop:dbPassword: Ptarmigan88\n", "Ptarmigan88")
case("cloudformation", '"MasterUserPassword": "Capercaillie1"', "Capercaillie1")
case(
    "k8s list",
    "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    key: %s\n  kind: Secret\n  metadata:\n    name: a\n- apiVersion: v1\n  data:\n    mode: cHJvZA==\n  kind: ConfigMap\n"
    % (v := b64(some(ALNUM, 24))),
    v,
)
case(
    "k8s describe decode",
    "$ kubectl get secret db -o jsonpath='{.data.password}' | base64 -d\nBlackcock_Lek_4\n$ ",
    "Blackcock_Lek_4",
)
case("said new", "I changed the admin password to Partridge-12 yesterday.", "Partridge-12")
case("said creds", "login: ines / password: Quail_Call_3", "Quail_Call_3")
case("said swedish", "Lösenordet är Trana_88 och gäller nu.", "Trana_88")
case("said chinese", "数据库的密码是 Heron_2024x，请保存", "Heron_2024x")
case("said japanese", "パスワード：Tsuru_77ab", "Tsuru_77ab")
case("said russian", "пароль: Zhuravl77", "Zhuravl77")
v = pem("OPENSSH PRIVATE KEY")
case("key via heredoc", "cat <<'E' > k\n" + v + "\nE", *v.split("\n")[1:-1])
v = pem("PRIVATE KEY")
case("key in xml", "<key>\n" + v + "\n</key>", *v.split("\n")[1:-1])
v = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + some(BASE64, 1500)
case("bare der", f"privateKey: {v}", v[40:])
case(
    "mnemonic env",
    'MNEMONIC="test walk nut penalty hip pave soap entry language right filter choice"',
    "penalty hip pave soap",
)
# look-alikes
innocent("spec", "  describe 'password reset' do\n    it 'sends a token to user2@example.com' do")
innocent("rspec let", "let(:password) { build(:user).password }")
innocent("props", "auth.token.expiry=3600\npassword.min.length=12\nsecret.rotation.enabled=true\n")
innocent("log", "2024-05-01 INFO token refreshed for user 4711 in 12ms; key rotation at 02:00; password policy v2")
innocent(
    "kubectl get secrets",
    "NAME         TYPE     DATA   AGE\nshop-db      Opaque   2      31d\nregistry-x2  kubernetes.io/dockerconfigjson   1   5d\n",
)
innocent("kubectl describe", "Type:  Opaque\n\nData\n====\npassword:  24 bytes\ntoken:     812 bytes\n")
innocent("help", "  -p, --password <pw>   Password (default: prompt)\n  -k, --key-file FILE   key2 file\n")
innocent("git diff stat", " src/auth/token2.py | 12 +++---\n tests/test_password_v2.py | 4 +-\n")
innocent(
    "ls",
    "-rw-r--r-- 1 ines ines  1675 May  1 10:00 id_rsa.pub\n-rw------- 1 ines ines 2602 May  1 10:00 secrets.v2.enc\n",
)
innocent("grep", "src/a.py:12:    token = request.headers['X-Token2']\nsrc/b.py:7:    password=cfg.db_password2,\n")
innocent("mypy", 'auth.py:12: error: Argument "token" to "login" has incompatible type "Token2"; expected "str"')
innocent("rust types", "pub struct Auth { pub token: Option<TokenV2>, pub key: [u8; 32], secret: Secret<String> }")
innocent("ts call", "const token = await getToken2(user.id, { scope: 'a1' });\nconst pw = useRef<Password2Ref>(null);")
innocent("css vars", "--token-color-1: #ff0011; --key-width: 12px; --pw-field-2: 1rem;")
innocent(
    "sql",
    "ALTER TABLE users ADD COLUMN password_v2 VARCHAR(255); SELECT token2 FROM sessions WHERE key = 'home_page_2';",
)
innocent(
    "markdown table",
    "| Option | Type | Default |\n| --- | --- | --- |\n| password | string | - |\n| api_key | str2 | None |\n| token | `TokenV2` | required |\n",
)
innocent(
    "openapi", '"password": {"$ref": "#/components/schemas/Password2"}, "apiKey": {"type": "apiKey", "in": "header"}'
)
innocent(
    "i18n",
    json.dumps(
        {
            "password": "Mot de passe",
            "password2": "Repeat the password",
            "password_hint": "8 characters at least",
            "token": "Jeton d'accès",
        },
        ensure_ascii=False,
    ),
)
innocent("es", "La contraseña debe tener 8 caracteres. Contraseña: mínimo 8.")
innocent("zh", "密码长度至少为8位，密码：必填")
innocent("ru", "пароль должен содержать 8 символов")
innocent("helm", "secretName: shop-tls-2024\nexistingSecretPasswordKey: password\n")
innocent(
    "secret manifest template", "kind: Secret\ndata:\n  password: {{ .Values.pw | b64enc }}\n  token: ${TOKEN_B64}\n"
)
innocent(
    "external secret",
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n  - secretKey: password\n    remoteRef:\n      key: shop/db2\n",
)
innocent("secret provider", "kind: SecretProviderClass\nspec:\n  data: abcd1234\n")
innocent("cookie prose", "Cookie: theme=dark; lang=en-GB; consent=2024-05-01; _ga_v=GA1.2.3")
innocent("cookies policy", "cookies: the site sets session cookies, analytics=off")
innocent(
    "commands",
    "tar -xzvf a1.tar.gz -C /opt; grep -w pass12 f; ls -a b2; kill -9 4711; psql -p 5433; cp -p a2 b; sort -u c3; head -c 64k d",
)
innocent("http words", "curl -b jar.txt -c jar.txt -u ines https://example.com -k -A 'Mozilla/5.0 (X11)'")
innocent("ldap", "ldapsearch -x -W -D cn=admin -b dc=example2")
innocent("zip", "zip -r out.zip docs -x '*.pw2'; unzip -p a.zip b2.txt")
innocent("echo pipe", "echo 'select 1' | psql; echo \"$PASS\" | sudo -S true; printf 'y\\n' | apt-get install x2")
innocent("connect", 'connect("localhost", 5432, "app2"); db.connect(host, "user", password)')
innocent("login call", 'login("ines@example.com", password); server.login(user, os.environ["PW2"])')
innocent("auth tuple", 'auth=("user", password) authorize("admin", "read:all")')
innocent("list argv", json.dumps(["mysql", "-u", "root", "-p", "shop2"]))
innocent("phrases", "the phrase: all good things come to those who wait for them here today ok")
innocent("mnemonic", "mnemonic is a device that helps people remember larger pieces of information such as lists")
innocent("sensitive", json.dumps({"sensitive": False, "value": "eu-west-1a"}))
innocent("type", json.dumps({"Type": "String", "Value": "ami-0123456789abcdef0"}))
innocent("url sig", "https://example.com/?sig=1&design=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")
innocent("k8s kind", "kind: SecretStore\nmetadata:\n  name: vault2\nspec:\n  data: ZGVmYXVsdC12YWx1ZQ==\n")
innocent("ansi", "\x1b[32mtoken\x1b[0m: \x1b[1mvalid2\x1b[0m and key \x1b[31m=\x1b[0m value2")
innocent("docs port", "listen on :5432: the default; 10.0.0.1:5432:5432/tcp")
innocent("keyboard", "key: F12 keys=ctrl2 hotkey2: alt+F4")
innocent("yaml anchors", "password: &pw\n  min: 8\ntoken: *tok2\nsecret: |\n")
innocent("percent", "redirect=https%3A%2F%2Fexample.com%3A8443%2Fpath%40v2")
innocent("pw words", "upward pw3m spwan PWA2 pwm-fan2 pwsh -File a2.ps1 pwnd")
innocent("psk", "cipher: TLS-PSK-WITH-AES-128-CBC-SHA key_mgmt=WPA-PSK psk_len=32")
innocent("docker ids", f"Untagged: a@sha256:{some(HEX, 64)}\nDeleted: sha256:{some(HEX, 64)}")
innocent("sk words", "sk-toggleable__content-12345 EAAlternatives sl.select pk_12_users rnd_state_2 pa-ssage")
innocent("terraform out", 'password_length = 24\nsecret_arn = "arn:aws:secretsmanager:eu-west-1:1:secret:db-a1B2c3"')
innocent("go vet", "password: cannot use x (type Password2) as string; token2 declared and not used")
innocent(
    "pytest", "tests/test_auth.py::test_token_v2[case-12] PASSED\ntests/test_pw2.py::test_password_is_8_long PASSED"
)
innocent(
    "jsonl ids",
    json.dumps({"key": "session:4711:a1b2c3", "cacheKey": "user_v2_12345", "tokenIndex": 12, "keyCode": "Digit2"}),
)
innocent("license", "The key words MUST, MUST NOT in this document are to be read as in RFC 2119. Secret: none.")
innocent("react key", '<li key={`row-${i2}`} data-key="item-2024-05">{token2}</li>')
