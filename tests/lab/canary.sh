#!/bin/sh
# Plants a secret, @C@, in every file that a probe reads, and in the places where people put
# secrets. @U@ is an account that is made for it.
mkdir -p /etc/mysql/mariadb.conf.d /etc/redis
hash=$(openssl passwd -6 -salt @C@ secret)
useradd -m -p "$hash" @U@
printf "\n# @C@\nSetEnv TOKEN=@C@ # @C@\nMatch User @U@\n  ForceCommand run --password @C@\n" >>/etc/ssh/sshd_config
printf 'export TMOUT=60 API_TOKEN=@C@\n# @C@\n' >/etc/profile.d/z.sh
printf 'PASS_MAX_DAYS 90 # @C@\nUNKNOWN_SECRET @C@\n' >>/etc/login.defs
printf 'Defaults passprompt="Password: " # @C@\n# @C@\nscan ALL = /bin/run --password=@C@\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz
printf 'password = @C@\n[client]\npassword=@C@\n[mysqld]\nssl_passphrase=@C@\n' >/etc/mysql/mariadb.conf.d/zz.cnf
printf "ssl_passphrase_command = 'echo @C@'\nprimary_conninfo = 'host=a password=@C@'\n" >>/etc/postgresql/15/main/postgresql.conf
printf 'host all all 10.0.0.1/32 ldap ldapbindpasswd=@C@ radiussecrets="@C@"\n' >>/etc/postgresql/15/main/pg_hba.conf
printf 'requirepass @C@\nuser default on >@C@ ~* +@all\nmasterauth @C@\n' >/etc/redis/redis.conf
printf 'server { listen 443 ssl; ssl_certificate_key data:@C@; auth_basic "@C@"; proxy_set_header Authorization "Bearer @C@"; }\n' >/etc/nginx/sites-enabled/zz
printf '<VirtualHost *:443>\nSetEnv DB_PASSWORD @C@\nSSLEngine on\n</VirtualHost>\n' >/etc/apache2/sites-enabled/zz.conf
printf 'auth required pam_exec.so token=@C@ secret=@C@\n' >>/etc/pam.d/other
printf 'deb https://user:@C@@repo.example.org/debian stable main\n' >/etc/apt/sources.list.d/zz.list
printf 'Acquire::http::Proxy "http://u:@C@@proxy:3128";\n' >/etc/apt/apt.conf.d/zz
printf 'machine a password @C@\n' >/etc/apt/auth.conf
printf 'kernel.dmesg_restrict = 1 # @C@\n' >/etc/sysctl.d/zz.conf
printf 'options foo secret=@C@\n' >/etc/modprobe.d/zz.conf
mkdir -p -m 0700 /root/.ssh
printf 'environment="TOKEN=@C@",command="run --password @C@" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+v6Yq3o2cGpB0Yw2qg0m1mEwq0m7bq0yYvT4cJ8h5P me-@C@\n' >>/root/.ssh/authorized_keys
ssh-keygen -q -t ed25519 -N '' -C @C@ -f /root/.ssh/id_ed25519
openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/ssl/private/zz.key -out /etc/ssl/private/zz.pem -subj /CN=a -days 5 2>/dev/null
printf '//nas/phi /srv/phi cifs username=u,password=@C@ 0 0\n' >>/etc/fstab
printf '[Journal]\nForwardToSyslog=yes\nPassword=@C@\n' >/etc/systemd/journald.conf
printf 'Environment=TOKEN=@C@\n' >>/etc/systemd/system.conf
mkdir -p /etc/systemd/system/redis-server.service.d /etc/systemd/system/docker.service.d /etc/samba /etc/postfix /etc/dovecot \
  /etc/snmp /etc/docker /etc/openldap /etc/elasticsearch /etc/kibana /opt/couchdb/etc /etc/proftpd /etc/exim4 /etc/sysconfig
printf '[Service]\nExecStart=\nExecStart=/usr/bin/redis-server /etc/redis/redis.conf --requirepass @C@ --masterauth @C@\n' >/etc/systemd/system/redis-server.service.d/zz.conf
printf 'rename-command CONFIG @C@\naclfile /etc/redis/zz.acl\n' >>/etc/redis/redis.conf
printf 'user joe on >@C@ >@C@x ~* # @C@\n' >/etc/redis/zz.acl
printf 'PORT="11211"\nOPTIONS="-l 127.0.0.1 -o ssl_key=@C@" # @C@\n' >/etc/sysconfig/memcached
printf 'net:\n  tls: {mode: requireTLS, certificateKeyFilePassword: @C@}\nsecurity:\n  ldap:\n    bind:\n      queryPassword: "@C@"\n' >/etc/mongod.conf
printf 'xpack.http.proxy.password: @C@\nhosts:\n  - https://u:@C@@h:9200\n' >/etc/elasticsearch/elasticsearch.yml
printf 'elasticsearch.password: "@C@"\nelasticsearch.hosts: ["https://u:@C@@h:9200"]\n' >/etc/kibana/kibana.yml
printf '[admins]\nadmin = @C@\n[chttpd_auth]\nsecret = @C@\n' >/opt/couchdb/etc/local.ini
printf -- '-setcookie @C@\n' >/opt/couchdb/etc/vm.args
printf 'rootpw @C@\nsyncrepl rid=1 bindmethod=simple credentials=@C@\naccess to * by * read # @C@\n' >/etc/openldap/slapd.conf
printf '[global]\nldap ssl = off\nldap admin password = @C@\ncheck password script = /bin/x @C@\n[a]\npath = /srv\npreexec = x \\\n @C@\n' >/etc/samba/smb.conf
printf '/srv 10.0.0.1(rw) # @C@\n/srv 10.0.0.2(ro)#@C@\n' >/etc/exports
printf 'pre-xfer exec = x @C@\n[a]\npath = /srv\nearly exec = @C@ \\\n @C@\n' >/etc/rsyncd.conf
printf 'ftpd_banner=@C@\n' >/etc/vsftpd.conf
printf 'SQLConnectInfo db user @C@\nTLSOptions @C@\nUser @C@\n' >/etc/proftpd/proftpd.conf
printf 'smtp_sasl_password_maps = static:joe:@C@\nsecret = @C@\nsmtpd_tls_security_level = may\n' >/etc/postfix/main.cf
printf 'smtp inet n - y - - smtpd\n  -o smtp_sasl_password_maps=static:@C@\n  -o { header_checks = @C@ }\nx unix - n n - - pipe argv=x @C@\n' >/etc/postfix/master.cf
printf 'passdb {\n  args = password=@C@\n}\nssl_key_password = @C@\nssl = yes # @C@\nimapc_password=@C@\n' >/etc/dovecot/dovecot.conf
printf "dc_local_interfaces='127.0.0.1'\nSECRET=@C@\n" >/etc/exim4/update-exim4.conf.conf
printf 'rocommunity @C@\nrwcommunity "@C@ x" default\ncom2sec a default @C@\ncreateUser joe SHA "@C@" AES @C@\ntrapsink h @C@\nextend x /bin/x @C@\nauthcommunity log @C@\n' >/etc/snmp/snmpd.conf
printf '{"hosts": ["unix:///run/docker.sock"], "log-opts": {"splunk-token": "@C@"}, "http-proxy": "http://u:@C@@p"}\n' >/etc/docker/daemon.json
printf '[Service]\nEnvironment=TOKEN=@C@\nExecStart=\nExecStart=/usr/bin/dockerd -H unix:// --log-opt token=@C@ --label @C@\n' >/etc/systemd/system/docker.service.d/zz.conf
printf 'DOCKER_OPTS="-H unix:// --log-opt token=@C@"\n' >/etc/default/docker
[ -e /usr/bin/docker ] || touch /usr/bin/docker
mkdir -p /etc/orthanc /opt/oie/conf /opt/oie/export /root/.OpenMRS /var/www/openemr/sites/default /opt/hapi /opt/pacs \
  /opt/wildfly/standalone/deployments /opt/wildfly/standalone/configuration/dcm4chee-arc /etc/systemd/system/orthanc.service.d
printf '{ /* @C@ */ "Name": "@C@", "RegisteredUsers": {"joe": "@C@", "a\\"b": "@C@\\" @C@"}, // @C@\n"PostgreSQL": {"Password": "@C@", "X": ["@C@"]}, "OrthancPeers": {"p": ["http://u:@C@@h/", "u", "@C@"], "q": {"Url": "http://u:@C@@h/", "Password": "@C@", "HttpHeaders": {"Token": "@C@"}}},\n"HttpProxy": "u:@C@@h:1"}\n' >/etc/orthanc/zz.json
printf '[Service]\nEnvironment="TOKEN=@C@" A=@C@\n' >/etc/systemd/system/orthanc.service.d/zz.conf
printf 'keystore.storepass = @C@\ndatabase.password=ab\\\n  @C@\n# @C@\n\\u0070assword: @C@\nunknown @C@\ndatabase.url=jdbc:postgresql://u:@C@@h/db?user=a&password=@C@\nhttp.port=8080\n' >/opt/oie/conf/mirth.properties
printf '<channel version="4">\n<name>a</name>\n<sourceConnector><properties class="x">\n<password>@C@</password>\n<script>@C@</script></properties></sourceConnector>\n</channel>\n' >/opt/oie/export/a.xml
printf 'connection.password=@C@\nencryption.key=@C@\nconnection.url=jdbc:mysql://u:@C@@h/db?user=a&password=@C@\n' >/root/.OpenMRS/openmrs-runtime.properties
printf "<?php\n\$pass = '@C@'; // @C@\n\$login = \"@C@\";\n\$config = 1;\n" >/var/www/openemr/sites/default/sqlconf.php
printf 'hapi:\n  fhir:\n    fhir_version: R4 # @C@\nspring:\n  datasource:\n    url: jdbc:postgresql://u:@C@@h/db?password=@C@\n    password: @C@\n  mail:\n    password: |\n      @C@\n' >/opt/hapi/application.yaml
touch /opt/wildfly/standalone/deployments/dcm4chee-arc-ear-5.31.2-psql.ear
printf 'java.naming.security.credentials=@C@\njava.naming.provider.url=ldap://u:@C@@h/dc=a\n' >/opt/wildfly/standalone/configuration/dcm4chee-arc/ldap.properties
printf 'x-a: &a\n  B_PASSWORD: @C@\nservices:\n  a:\n    image: x # @C@\n    command: ["run", "@C@"]\n    environment:\n      <<: *a\n      A_TOKEN: "@C@" # @C@\n      PLAIN: @C@\n      LONG: |\n        @C@\n      FOLDED: >-\n        @C@\n        KEY: @C@\n    labels:\n      - key=@C@\n      - "@C@"\n    env_file: more\n  b:\n    environment:\n      - A=@C@\n      - "B_PASS=@C@"\n      - @C@\n  c:\n    environment: {A: @C@,\n      B: @C@}\n    command: run\n      @C@\n' >/opt/pacs/compose.yml
printf 'A=@C@\nexport B_SECRET="@C@" # @C@\n@C@\n' >/opt/pacs/more
