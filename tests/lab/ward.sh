#!/bin/sh
# A local repository without a Release file, as hospitals have them: an update that is phased in, and
# a package of Debian's ($1) in a version above all of Debian's; and one that is in no repository.
set -eu
debian=$1
deb() { # NAME: build and install version 1.0
    mkdir -p "/tmp/$1/DEBIAN"
    printf '%s\n' "Package: $1" 'Version: 1.0' 'Architecture: all' \
        'Maintainer: Ward <it@ward.example>' 'Description: of the ward' >"/tmp/$1/DEBIAN/control"
    dpkg-deb --build "/tmp/$1" "/tmp/$1.deb"
    dpkg -i "/tmp/$1.deb"
}
offer() { # NAME VERSION ARCHITECTURE [FIELD]
    printf '%s\n' "Package: $1" "Version: $2" "Architecture: $3" \
        'Maintainer: Ward <it@ward.example>' "Filename: ./$1.deb" 'Size: 1' \
        "SHA256: $(printf '%064d' 0)" ${4:+"$4"} 'Description: of the ward' ''
}
deb ward-tool
deb ward-stray
mkdir -p /srv/ward
offer ward-tool 2.0 all 'Phased-Update-Percentage: 0' >/srv/ward/Packages
offer "$debian" 99:1 "$(dpkg --print-architecture)" >>/srv/ward/Packages
echo 'deb [trusted=yes] file:/srv/ward ./' >/etc/apt/sources.list.d/ward.list
apt-get -qq -o Dir::Etc::sourcelist=sources.list.d/ward.list -o Dir::Etc::sourceparts=- \
    -o APT::Get::List-Cleanup=0 update
