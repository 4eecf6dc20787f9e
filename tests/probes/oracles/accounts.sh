# Accounts of every kind, and homes that nobody should read without care.
useradd --create-home ann; useradd --create-home bob; useradd --create-home eve
passwd --delete ann
usermod --password "$(openssl passwd -1 -salt abcdefgh CANARY)" bob
usermod --password '!$6$CANARY$hash' eve
chage --maxdays 90 --mindays 1 --warndays 14 bob
mkdir /home/ann/.ssh /home/bob/.ssh /home/eve/.ssh
mkfifo /home/ann/.ssh/authorized_keys
ln -s /dev/zero /home/ann/.ssh/authorized_keys2
ln -s /etc/shadow /home/bob/.ssh/authorized_keys
truncate --size=10G /home/eve/.ssh/authorized_keys
ssh-keygen -q -t rsa -b 1024 -N '' -C CANARY -f /root/short
ssh-keygen -q -t ecdsa -b 384 -N '' -C CANARY -f /root/curve
{
  echo '# CANARY'
  printf 'restrict,command="run --password CANARY",environment="A=\\"CANARY" '
  cat /root/short.pub
  echo 'command="CANARY ssh-rsa AAAA CANARY'
  cat /root/curve.pub
} >>/root/.ssh/authorized_keys
