# NixOS: the agent as a system service. It runs as root, because it deploys the system, and without sudo; everything that
# changes the system is done by executors in transient units of their own, so this unit can be locked up tight.
self:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.nixfleet-agent;
  settings = import ./agent-settings.nix { inherit lib cfg; platform = "nixos"; };
  configFile = (pkgs.formats.toml { }).generate "nixfleet-agent.toml" settings;
in
{
  options.services.nixfleet-agent =
    import ./agent-options.nix {
      inherit lib;
      defaultPackage = self.packages.${pkgs.stdenv.hostPlatform.system}.nixfleet-agent;
    }
    // {
      user = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        description = ''
          Kept so that configurations of v1 evaluate; it has no effect. v1 ran as this user with a sudo rule; this agent
          is a system service and needs neither.
        '';
      };
    };

  config = lib.mkIf cfg.enable {
    assertions = import ./agent-assertions.nix { inherit lib cfg; };

    environment.systemPackages = [ cfg.package ];
    environment.etc."nixfleet/agent.toml".source = configFile;

    systemd.services.nixfleet-agent = {
      description = "NixFleet agent";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];

      # Activation leaves the agent alone. The agent that confirms a deployment must be the one that is known to work: if
      # the new one could not start, the host would be cut off before it could tell. The new one comes in the journalled
      # last phase of `update`, or by the verb `restart`; until then the control plane shows that an older one runs.
      # (It would survive activation restarting it: executors are no children of this unit. v1 died of that.)
      restartIfChanged = false;
      stopIfChanged = false;

      # Executors inherit this: the host's own Nix and Git do the work.
      path = [ config.nix.package pkgs.gitMinimal pkgs.openssh config.systemd.package "/run/wrappers" ];

      environment = {
        # %d is the folder of the credential below.
        NIXFLEET_TOKEN_FILE = "%d/token";
        NIXFLEET_AGENT_CONFIG = "/etc/nixfleet/agent.toml";
        # For the executors' Nix and Git; this unit itself sees no home.
        HOME = "/root";
      };

      # Never give up: a host that stopped trying needs somebody to drive to it.
      unitConfig.StartLimitIntervalSec = 0;

      serviceConfig = {
        ExecStart = lib.getExe cfg.package;
        Restart = "always";
        RestartSec = 3;
        TimeoutStopSec = 10;

        # Takes both forms of the file, wherever it lies and whoever owns it.
        LoadCredential = [ "token:${toString cfg.tokenFile}" ];
        StateDirectory = "nixfleet-agent";
        StateDirectoryMode = "0700";
        UMask = "0077";

        # Starting a transient unit asks systemd over D-Bus, which checks for CAP_SYS_ADMIN; files of StaSysMo may belong to
        # anybody. Nothing else is needed here.
        CapabilityBoundingSet = [ "CAP_SYS_ADMIN" "CAP_DAC_READ_SEARCH" ];
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ProtectHome = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        DevicePolicy = "closed";
        LockPersonality = true;
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" "AF_NETLINK" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        # @pkey: V8 protects its code pages with memory keys. MemoryDenyWriteExecute would forbid its compiler.
        SystemCallFilter = [ "@system-service" "@pkey" ];
        SystemCallErrorNumber = "EPERM";
      };
    };
  };
}
