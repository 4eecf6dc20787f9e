#!/bin/sh
# Turn a Debian root into something that knows only rpm: hand-made packages in a real rpmdb, a
# local repository with newer ones and its updateinfo, the os-release of AlmaLinux 9. Debian's own
# package database goes, so that there is one package manager to find.
set -eu
repository=/srv/repo
builddir=/tmp/rpm
mkdir -p "$repository" "$builddir"

make() { # NAME EPOCH VERSION RELEASE [ONE MORE LINE]
    cat >"$builddir/$1.spec" <<END
Name: $1
Epoch: $2
Version: $3
Release: $4
Summary: A package of the lab
License: Apache-2.0
Vendor: hipscan lab
${5:-}
%description
No files: the lab needs its entry in the database.
%files
END
    rpmbuild --quiet --define "_topdir $builddir" --define "_rpmdir $builddir/out" \
        --define '_build_id_links none' --target x86_64 -bb "$builddir/$1.spec"
}

# Debian's rpm keeps its database in the home of the user, so that nobody takes it for the system's.
mkdir -p /etc/rpm
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
# The package from which dnf takes the release of the distribution.
make almalinux-release 0 9.4 1.el9 'Provides: system-release = 9.4, system-release(releasever) = 9'
make openssl-libs 1 3.0.7 24.el9
make openssh-server 0 8.7p1 38.el9
make sudo 0 1.9.5p2 9.el9
make bash 0 5.1.8 9.el9
make tzdata 0 2024a 1.el9
make kernel-core 0 5.14.0 427.13.1.el9_4
rpm --initdb
rpm --install "$builddir"/out/x86_64/*.rpm
rm -r "$builddir/out"

make openssl-libs 1 3.0.7 28.el9_4
make kernel-core 0 5.14.0 427.42.1.el9_4
make tzdata 0 2024b 2.el9
mv "$builddir"/out/x86_64/*.rpm "$repository/"
createrepo_c --quiet "$repository"
cat >"$builddir/updateinfo.xml" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="lab@example.org" status="final" type="security" version="1">
    <id>LABSA-2024:0001</id>
    <title>Important: openssl-libs security update</title>
    <severity>Important</severity>
    <issued date="2024-10-01 00:00:00"/>
    <updated date="2024-10-01 00:00:00"/>
    <references>
      <reference href="https://example.org/CVE-2024-5535" id="CVE-2024-5535" type="cve" title="CVE-2024-5535"/>
    </references>
    <pkglist><collection short="lab"><name>lab</name>
      <package name="openssl-libs" epoch="1" version="3.0.7" release="28.el9_4" arch="x86_64" src="openssl-3.0.7-28.el9_4.src.rpm"><filename>openssl-libs-3.0.7-28.el9_4.x86_64.rpm</filename></package>
    </collection></pkglist>
  </update>
  <update from="lab@example.org" status="final" type="bugfix" version="1">
    <id>LABBA-2024:0002</id>
    <title>tzdata bug fix update</title>
    <severity>None</severity>
    <issued date="2024-10-02 00:00:00"/>
    <updated date="2024-10-02 00:00:00"/>
    <references/>
    <pkglist><collection short="lab"><name>lab</name>
      <package name="tzdata" epoch="0" version="2024b" release="2.el9" arch="x86_64" src="tzdata-2024b-2.el9.src.rpm"><filename>tzdata-2024b-2.el9.x86_64.rpm</filename></package>
    </collection></pkglist>
  </update>
</updates>
END
modifyrepo_c "$builddir/updateinfo.xml" "$repository/repodata" >/dev/null
mkdir -p /etc/yum.repos.d
cat >/etc/yum.repos.d/lab.repo <<END
[lab]
name=The lab's repository
baseurl=file://$repository
enabled=1
gpgcheck=0
END
cat >/etc/os-release <<'END'
NAME="AlmaLinux"
VERSION="9.4 (Seafoam Ocelot)"
ID="almalinux"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="AlmaLinux 9.4 (Seafoam Ocelot)"
CPE_NAME="cpe:/o:almalinux:almalinux:9::baseos"
END
dnf --quiet makecache
rm -rf /etc/apt /etc/debian_version /var/lib/apt /var/lib/dpkg /var/cache/debconf \
    /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg*
