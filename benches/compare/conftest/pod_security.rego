package main

import rego.v1

pod := input if input.kind == "Pod"

pod := input.spec.template if input.kind in {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"}

pod := input.spec.jobTemplate.spec.template if input.kind == "CronJob"

pod := input.template if input.kind == "PodTemplate"

containers contains c if some c in pod.spec.initContainers

containers contains c if some c in pod.spec.containers

containers contains c if some c in pod.spec.ephemeralContainers

contexts contains pod.spec.securityContext

contexts contains c.securityContext if some c in containers

allowed_capabilities := {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

deny contains sprintf("container %v is privileged", [c.name]) if {
	some c in containers
	c.securityContext.privileged
}

deny contains "host namespaces are not allowed" if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod.spec[field]
}

deny contains sprintf("volume %v is a path of the host", [v.name]) if {
	some v in pod.spec.volumes
	v.hostPath
}

deny contains sprintf("container %v has the host port %v", [c.name, p.hostPort]) if {
	some c in containers
	some p in c.ports
	p.hostPort > 0
}

deny contains "host processes are not allowed" if {
	some s in contexts
	s.windowsOptions.hostProcess
}

deny contains sprintf("container %v has a proc mount", [c.name]) if {
	some c in containers
	c.securityContext.procMount != "Default"
}

deny contains sprintf("the SELinux type %v is not allowed", [s.seLinuxOptions.type]) if {
	some s in contexts
	not s.seLinuxOptions.type in {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
}

deny contains "SELinux users and roles are not allowed" if {
	some s in contexts
	some field in ["user", "role"]
	s.seLinuxOptions[field] != ""
}

deny contains sprintf("the sysctl %v is not allowed", [s.name]) if {
	some s in pod.spec.securityContext.sysctls
	not s.name in {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"}
}

deny contains sprintf("container %v adds the capability %v", [c.name, name]) if {
	some c in containers
	some name in c.securityContext.capabilities.add
	not name in allowed_capabilities
}

deny contains sprintf("the AppArmor profile %v is not allowed", [s.appArmorProfile.type]) if {
	some s in contexts
	not s.appArmorProfile.type in {"RuntimeDefault", "Localhost"}
}

deny contains "the seccomp profile is Unconfined" if {
	some s in contexts
	s.seccompProfile.type == "Unconfined"
}

deny contains sprintf("container %v may escalate", [c.name]) if {
	some c in containers
	not c.securityContext.allowPrivilegeEscalation == false
}

non_root(c) if c.securityContext.runAsNonRoot

non_root(c) if {
	object.get(c, ["securityContext", "runAsNonRoot"], null) == null
	pod.spec.securityContext.runAsNonRoot
}

deny contains sprintf("container %v may run as root", [c.name]) if {
	some c in containers
	not non_root(c)
}

deny contains "user 0 is not allowed" if {
	some s in contexts
	s.runAsUser == 0
}

profiled(c) if c.securityContext.seccompProfile.type

profiled(_) if pod.spec.securityContext.seccompProfile.type

deny contains sprintf("container %v has no seccomp profile", [c.name]) if {
	some c in containers
	not profiled(c)
}

deny contains sprintf("container %v keeps capabilities", [c.name]) if {
	some c in containers
	not "ALL" in {name | some name in c.securityContext.capabilities.drop}
}

allowed_volumes := {"name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

deny contains sprintf("volume %v is of a type that is not allowed", [v.name]) if {
	some v in pod.spec.volumes
	some field, _ in v
	not field in allowed_volumes
}
