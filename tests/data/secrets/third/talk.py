"""Secrets in what is typed, printed, logged, called and said."""

from __future__ import annotations

import json

from tests.data.secrets.third.making import ALNUM, BASE64, HEX, URLSAFE, Made, b64

_made = Made("talk")
some, jwt = _made.some, _made.jwt

CASES: list[tuple[str, str, tuple[str, ...]]] = []


def case(title: str, text: str, *secrets: str) -> None:
    CASES.append((title, text, secrets))


# shells
v = "ghp_" + some(ALNUM, 36)
case("history export", f"  501  export GH_TOKEN={v}\n  502  gh pr list\n", v)
case("zsh history mysql", ": 1700000000:0;mysql -h db -u root -pTeaspoon88 shop\n", "Teaspoon88")
v = some(ALNUM, 14)
case("pgpassword", f"PGPASSWORD={v} psql -h db.example.com -U app shop -c 'select 1'", v)
case("sshpass", "sshpass -p 'Nettle Soup 5' ssh root@10.0.0.4", "Nettle Soup 5")
v = some(ALNUM, 16)
case("curl -u", f"curl -sS -u admin:{v} https://ci.example.com/api/json", v)
case("curl --user quoted", "curl --user 'svc:Ox:Bow#3' https://example.com", "Ox:Bow#3")
v = some(URLSAFE, 48)
case("curl bearer", f'curl -H "Authorization: Bearer {v}" https://api.example.com/v1/me', v)
v = some(ALNUM, 24)
case("curl x-api-key", f"curl -H 'X-API-Key: {v}' https://api.example.com", v)
v = b64("ines:" + some(ALNUM, 12))
case("curl basic", f"curl -H 'Authorization: Basic {v}' https://example.com", v)
v = "glpat-" + some(URLSAFE, 20)
case("curl private token", f'curl --header "PRIVATE-TOKEN: {v}" https://gitlab.example.com/api/v4/projects', v)
v = some(ALNUM, 18)
case("curl form", f"curl -d 'grant_type=password&username=ines&password={v}&scope=all' https://id.example.com/token", v)
v = some(ALNUM, 32)
case(
    "curl json body",
    'curl -X POST -d \'{"client_id": "web", "client_secret": "' + v + "\"}' https://id.example.com/token",
    v,
)
v = some(ALNUM, 32)
case(
    "curl escaped json body",
    'curl -X POST -d "{\\"client_id\\": \\"web\\", \\"client_secret\\": \\"' + v + '\\"}" https://id.example.com/token',
    v,
)
v = some(ALNUM, 15)
case("docker login -p", f"docker login -u ci -p {v} registry.example.com", v)
v = some(ALNUM, 15)
case("docker login stdin", f"echo '{v}' | docker login -u ci --password-stdin registry.example.com", v)
v = some(ALNUM, 15)
case("docker run -e", f"docker run --rm -e MYSQL_ROOT_PASSWORD={v} -p 3306:3306 mysql:8", v)
v = some(BASE64, 40)
case("aws configure set", f"aws configure set aws_secret_access_key {v} --profile shop", v)
v = "hvs." + some(URLSAFE, 92)
case("vault login", f"vault login {v}", v)
v = some(ALNUM, 12)
case("vault kv put", f"vault kv put secret/shop/db username=app password={v}", v)
case("redis-cli", "redis-cli -h cache.example.com -a Sparrow+Hawk1 ping", "Sparrow+Hawk1")
case("openssl passout", "openssl genrsa -aes256 -passout pass:Cinder22block -out k.pem 4096", "Cinder22block")
case("htpasswd", "htpasswd -bc /etc/nginx/.htpasswd ines Tundra-Owl-2", "Tundra-Owl-2")
case("wget", "wget --http-user=ines --http-password=Fjord_77 https://files.example.com/a.zip", "Fjord_77")
case("mongosh", "mongosh --host m1 --username root --password Quartz!9 admin", "Quartz!9")
case("sqlcmd", "sqlcmd -S tcp:db,1433 -U sa -P 'Yolk4Strong!' -Q 'select 1'", "Yolk4Strong!")
case(
    "kubectl literal",
    "kubectl create secret generic db --from-literal=username=app --from-literal=password=Basil-Root-6",
    "Basil-Root-6",
)
case("helm set", "helm upgrade shop ./chart --set image.tag=1.2 --set auth.password=Mortar8Pestle", "Mortar8Pestle")
case("sudo -S", "echo 'Bramble-51' | sudo -S apt-get update", "Bramble-51")
case("smbclient", "smbclient //files/share -U ines%Harvest9moon -c ls", "Harvest9moon")
case("mount cifs", "mount -t cifs //files/share /mnt -o username=ines,password=Pewter.Jug1,vers=3.0", "Pewter.Jug1")
case("ldapsearch", "ldapsearch -x -D cn=admin,dc=example,dc=com -w Saffron_8 -b dc=example,dc=com", "Saffron_8")
v = some(ALNUM, 30)
case("fish", f"set -gx LINEAR_API_KEY {v}", v)
v = some(ALNUM, 30)
case("powershell env", f'$env:DEPLOY_TOKEN = "{v}"', v)
case("powershell secure string", '$p = ConvertTo-SecureString "Gannet.Rock.7" -AsPlainText -Force', "Gannet.Rock.7")
v = some(ALNUM, 30)
case("cmd set", f"C:\\> set API_SECRET={v}", v)
v = some(ALNUM, 26)
case("declare", f'declare -x HOME="/home/ines"\ndeclare -x CONSUL_HTTP_TOKEN="{v}"\n', v)
case("passphrase flag", "gpg --batch --passphrase 'Oatmeal Raisin 12' -d a.gpg", "Oatmeal Raisin 12")
v = some(ALNUM, 20)
case("flag with equals", f"./deploy.sh --env=prod --api-token={v} --verbose", v)
v = some(ALNUM, 20)
case("flag with a blank", f"terraform-x login --token {v} --org shop", v)
case("setx", 'setx DB_PASSWORD "Pumice-Stone-3"', "Pumice-Stone-3")
case("heredoc", "cat > .env <<EOF\nADMIN_PASSWORD=Juniper4berry\nEOF\n", "Juniper4berry")
case("sql", "CREATE USER app WITH PASSWORD 'Larch7wood'; GRANT ALL ON shop TO app;", "Larch7wood")
case("mysql sql", "ALTER USER 'root'@'%' IDENTIFIED BY 'Cedar-Plank-9';", "Cedar-Plank-9")
case("chpasswd", "echo 'deploy:Granite_61' | chpasswd", "Granite_61")

# git, urls
v = "ghp_" + some(ALNUM, 36)
case("git remote", f"origin\thttps://ines:{v}@github.com/shop/app.git (fetch)\n", v)
v = "glpat-" + some(URLSAFE, 20)
case("git clone oauth2", f"git clone https://oauth2:{v}@gitlab.com/shop/app.git", v)
v = "ghs_" + some(ALNUM, 36)
case("git push token", f"git push https://x-access-token:{v}@github.com/shop/app HEAD:main", v)
v = some(HEX, 40)
case("token as a user", f"git clone https://{v}@git.example.com/shop/app.git", v)
case("jdbc query", "jdbc:postgresql://db:5432/shop?user=app&password=Willow_Bark3&ssl=true", "Willow_Bark3")
case(
    "jdbc sqlserver",
    "jdbc:sqlserver://db:1433;databaseName=shop;user=sa;password=Onyx{4}ring;encrypt=true",
    "Onyx{4}ring",
)
case("jdbc oracle", "jdbc:oracle:thin:scott/Tigerlily9@//ora.example.com:1521/XE", "Tigerlily9")
case(
    "odbc",
    "Driver={ODBC Driver 18 for SQL Server};Server=db,1433;Database=shop;Uid=app;Pwd=Heron-Blue-1;Encrypt=yes;",
    "Heron-Blue-1",
)
case("odbc braces", "DSN=shop;UID=app;PWD={semi;colon:7};", "semi;colon:7")
v = some(ALNUM, 20)
case("mongo srv", f'client = MongoClient("mongodb+srv://app:{v}@cluster0.ab1cd.mongodb.net/?retryWrites=true")', v)
v = some(ALNUM, 20)
case("redis no user", f"CACHE=redis://:{v}@cache:6379/0", v)
case("rediss user", "rediss://default:Thyme-Leaf-5@redis.example.com:6380", "Thyme-Leaf-5")
case("amqp", "amqps://worker:Puffin_33@mq.example.com:5671/%2Fshop", "Puffin_33")
case("percent encoded", "mysql://app:p%40ss%2Fw%3Ard@db.example.com/shop", "p%40ss%2Fw%3Ard")
case("at in password", "postgresql://app:sl@sh/and@at9@db.example.com:5432/shop", "sl@sh/and@at9")
case("sqlalchemy", 'create_engine("postgresql+psycopg2://app:Mallow!root@localhost/shop")', "Mallow!root")
case("proxy", "https_proxy=http://ines:Alder.Cone.8@proxy.example.com:3128", "Alder.Cone.8")
case(
    "ftp smtp",
    "smtp://mailer%40example.com:Kestrel9@smtp.example.com:587 ftp://up:Plover88x@ftp.example.com/",
    "Kestrel9",
    "Plover88x",
)
v = some(URLSAFE, 40)
case("query access token", f"GET /v2/items?limit=10&access_token={v}&sort=asc HTTP/1.1", v)
v = some(HEX, 64)
case(
    "query presigned",
    f"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240101T000000Z&X-Amz-Signature={v}",
    v,
)
v = "GQXWIZ3K" + some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 24)
case("otpauth", f"otpauth://totp/Shop:ines@example.com?secret={v}&issuer=Shop", v)
v = "ghp_" + some(ALNUM, 36)
case(
    "percent encoded url of a url",
    f"https://ci.example.com/new?repo=https%3A%2F%2Fines%3A{v}%40github.com%2Fshop%2Fapp",
    v,
)
case(
    "percent encoded assignment",
    "https://ci.example.com/run?env=DB_PASSWORD%3DCopper7kettle%26PORT%3D1",
    "Copper7kettle",
)

# source
case("php array", "'mysql' => [\n  'username' => 'app',\n  'password' => 'Vellum-Ink-7',\n],", "Vellum-Ink-7")
case("php variable", '$db_pass = "Marble$Arch4";', "Marble$Arch4")
case("ruby assignment", "Twilio.configure { |c| c.auth_token = '" + (v := some(HEX, 32)) + "' }", v)
case("ruby rocket", "conn = PG.connect(:dbname => 'shop', :password => 'Bog-Oak-12')", "Bog-Oak-12")
case("java property", 'props.setProperty("mail.smtp.password", "Loom&Shuttle2");', "Loom&Shuttle2")
case("java put", 'headers.put("X-Auth-Token", "' + (v := some(ALNUM, 32)) + '");', v)
v = some(ALNUM, 32)
case("go const", f'const stripeAPIKey = "{v}" // TODO move\n', v)
case(
    "go struct",
    'cfg := &redis.Options{\n\tAddr:     "cache:6379",\n\tPassword: "Tarn-Water-6",\n\tDB:       0,\n}',
    "Tarn-Water-6",
)
v = some(ALNUM, 28)
case("go setenv", f'os.Setenv("DEPLOY_TOKEN", "{v}")', v)
v = some(ALNUM, 32)
case("js object", f"const client = new Client({{ region: 'eu', apiKey: '{v}', retries: 2 }});", v)
v = some(URLSAFE, 40)
case("js header template", "fetch(u, { headers: { Authorization: `Bearer " + v + "` } })", v)
v = some(ALNUM, 32)
case("js fallback", f"const secret = process.env.JWT_SECRET || '{v}';", v)
v = some(ALNUM, 32)
case("python fallback", f'API_KEY = os.environ.get("API_KEY", "{v}")', v)
v = some(ALNUM, 32)
case("python environ", f'os.environ["WEATHER_API_KEY"] = "{v}"', v)
case("python kwarg", 'psycopg2.connect(host="db", user="app", password="Slate/Roof3")', "Slate/Roof3")
case("python auth tuple", 'r = requests.get(url, auth=("ines", "Peat-Smoke-9"))', "Peat-Smoke-9")
v = some(BASE64, 40)
case("python boto", f'boto3.client("s3", aws_access_key_id=key_id, aws_secret_access_key="{v}")', v)
v = some(ALNUM, 24)
case("python annotated", f'WEBHOOK_SECRET: Final[str] = "{v}"', v)
case("python bytes", "app.secret_key = b'_5#y2L\"F4Q8z\\n\\xec]/'", '_5#y2L"F4Q8z')
case("csharp credential", 'var c = new NetworkCredential("ines", "Anvil.Spark.3");', "Anvil.Spark.3")
v = some(ALNUM, 32)
case("rust let", f'let api_token = "{v}";', v)
v = some(ALNUM, 32)
case("swift typed", f'private let apiSecret: String = "{v}"', v)
v = some(ALNUM, 28)
case("kotlin const", f'const val CLIENT_SECRET = "{v}"', v)
v = some(ALNUM, 24)
case("c define", f'#define WIFI_PASSWORD "{v}"', v)
v = some(ALNUM, 24)
case("elixir", f'config :shop, ShopWeb.Endpoint, secret_key_base: "{v}"', v)
case("test assertion", 'login(page, "ines@example.com", password="Ember&Ash5")', "Ember&Ash5")

# output, logs
v = some(URLSAFE, 60)
case(
    "log bearer",
    f"2024-05-01T10:00:00Z DEBUG http: > Authorization: Bearer {v}\n2024-05-01T10:00:00Z DEBUG http: < 200",
    v,
)
v = jwt()
case("cookie jwt", f"Cookie: theme=dark; session={v}; lang=en", v)
v = some(URLSAFE, 32)
case("set-cookie", f"Set-Cookie: sessionid={v}; HttpOnly; Path=/; SameSite=Lax", v)
case("logfmt", "level=debug msg=connect host=db user=app password=Dune-Grass-4 attempt=2", "Dune-Grass-4")
v = some(ALNUM, 24)
case("python repr", "{'user': 'app', 'api_key': '" + v + "', 'retries': 3}", v)
case("go dump", "&{Host:db Port:5432 User:app Password:Burlap8sack SSL:true}", "Burlap8sack")
v = some(ALNUM, 24)
case("grep output", f'src/conf.py:12:API_KEY = "{v}"\nsrc/conf.py:13:DEBUG = True', v)
v = some(ALNUM, 24)
case("numbered arrow", f'     1→import os\n     2→API_KEY = "{v}"\n     3→', v)
case("diff", "--- a/.env\n+++ b/.env\n-DB_PASSWORD=Ferry2Isle\n+DB_PASSWORD=Ferry3Isle\n", "Ferry2Isle", "Ferry3Isle")
v = some(ALNUM, 24)
case("ansi colours", f"\x1b[36mAPI_TOKEN\x1b[0m=\x1b[33m{v}\x1b[0m\n", v)
v = some(ALNUM, 30)
case("heroku config", f"=== shop Config Vars\nLANG:             en_US.UTF-8\nSECRET_TOKEN:     {v}\n", v)
v = some(ALNUM, 24)
case("markdown table", f"| Setting | Value |\n| --- | --- |\n| API key | {v} |\n| Region | eu |\n", v)
v = some(ALNUM, 24)
case("markdown bold", f"- **Password:** `{v}`\n- **User:** ines\n", v)
v = some(ALNUM, 40)
case("az token", json.dumps({"accessToken": v, "expiresOn": "2024-05-01 12:00:00.000000", "tokenType": "Bearer"}), v)
v = some(ALNUM, 32)
case(
    "har headers",
    json.dumps({"headers": [{"name": "Accept", "value": "application/json"}, {"name": "X-Api-Key", "value": v}]}),
    v,
)
v = some(ALNUM, 40)
case("header pairs", json.dumps([["accept", "*/*"], ["authorization", f"Bearer {v}"]]), v)
v = some(ALNUM, 24)
case("json in json", json.dumps({"body": json.dumps({"user": "ines", "password": v})}), v)
v = some(ALNUM, 24)
case("json in json in json", json.dumps({"m": json.dumps({"body": json.dumps({"user": "ines", "api_key": v})})}), v)
v = some(ALNUM, 24)
case("yaml in json", json.dumps({"content": f"db:\n  user: app\n  password: {v}\n"}), v)
v = some(ALNUM, 24)
case("env in json", json.dumps({"content": f"A=1\nAPI_SECRET={v}\nB=2\n"}), v)
v = some(ALNUM, 10) + '"' + some(ALNUM, 8)
case("escaped quote in the secret", json.dumps({"password": v, "user": "x"}), json.dumps(v)[1:-1])

# said
case("said is", "The staging password is Cloudberry-44, please change it on Monday.", "Cloudberry-44")
v = some(ALNUM, 32)
case("said my key", f"my api key: {v} can you try it?", v)
case("said user slash", "You can log in as ines with password `Bracken%19`.", "Bracken%19")
case("said german", "Das Passwort lautet Moorhuhn-83 und gilt ab morgen.", "Moorhuhn-83")
case("said french", "Le mot de passe : Girafe.Bleue9", "Girafe.Bleue9")
case("said spanish", "contraseña: Zorro_Gris27", "Zorro_Gris27")
case("private", "Note <private>my sister lives in Bodø</private> and go on.", "my sister lives in Bodø")
case(
    "seed phrase",
    "seed phrase: ladder gospel tuna orbit velvet crisp amazing dwarf shrimp humble pluck nation",
    "ladder gospel tuna orbit",
    "humble pluck nation",
)
