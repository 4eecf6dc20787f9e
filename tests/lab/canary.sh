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
