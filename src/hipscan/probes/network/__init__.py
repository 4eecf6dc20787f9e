"""The network: packet filters, what listens, SNMP, wireless interfaces."""
