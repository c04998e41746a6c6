# METADATA
# title: The violations of every pack
package polc.main

violations contains violation if some violation in data.polc.cluster.violations
