"""File services: Samba, NFS, rsync, FTP."""
