# NixOS: the control plane. Secrets are files that systemd hands over; everything else is an environment name of mission
# 002. Put a TLS proxy in front of it.
self:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.nixfleet;
  inherit (lib) mkOption types;

  # Secret option → the environment name whose `_FILE` form the control plane reads.
  secrets = {
    passwordHashFile = { name = "NIXFLEET_PASSWORD_HASH"; what = "bcrypt hash of the admin password"; };
    sessionSecretsFile = { name = "NIXFLEET_SESSION_SECRETS"; what = "comma-separated secrets; the first signs, any verifies"; };
    agentTokenHashSecretFile = { name = "NIXFLEET_AGENT_TOKEN_HASH_SECRET"; what = "key of the stored token hashes"; };
    apiTokenFile = { name = "NIXFLEET_API_TOKEN"; what = "bootstrap token of agents"; };
    databaseUrlFile = { name = "NIXFLEET_DATABASE_URL"; what = "PostgreSQL URL; without it SQLite is used"; };
  };
  given = lib.filterAttrs (option: _: cfg.${option} != null) secrets;
  credentialOf = option: "${option}:${toString cfg.${option}}";
  targetText = name: target: "${name}=${target.url}#${target.branch}";
  truth = value: if value then "true" else "false";
in
{
  options.services.nixfleet = {
    enable = lib.mkEnableOption "the NixFleet control plane";

    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.nixfleet-control;
      defaultText = lib.literalExpression "nixfleet.packages.\${system}.nixfleet-control";
      description = "The control plane to run.";
    };

    host = mkOption {
      type = types.str;
      default = "127.0.0.1";
      description = "Address to listen on.";
    };

    port = mkOption {
      type = types.port;
      default = 8000;
      description = "Port to listen on.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the port is opened in the firewall. With a TLS proxy on this machine it need not be.";
    };

    targets = mkOption {
      type = types.attrsOf (types.submodule {
        options.url = mkOption {
          type = types.str;
          description = "Git URL of the configuration repository.";
        };
        options.branch = mkOption {
          type = types.str;
          default = "main";
          description = "Branch whose newest commit hosts should run.";
        };
      });
      default = { };
      example = { fleet.url = "https://git.example.com/fleet.git"; };
      description = "Configuration repositories made known at start; more can be added through the API.";
    };

    trustedSigners = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "Allowed-signers file; commits show whether these signed them.";
    };

    trustedProxyIps = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "127.0.0.1" ];
      description = "Addresses of proxies whose forwarded headers are believed. Empty: none.";
    };

    settings = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { NIXFLEET_KEEP_RUNS_DAYS = "90"; };
      description = "Further environment names (mission 002). Not for secrets: the unit is readable to all.";
    };

    environmentFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "File of `NAME=value` lines, such as the `.env` of a Docker installation of v1.";
    };
  }
  // lib.mapAttrs (_: { name, what }: mkOption {
    type = types.nullOr (types.either types.str types.path);
    default = null;
    description = "File with ${name}: ${what}.";
  }) secrets;

  config = lib.mkIf cfg.enable {
    assertions = map (option: {
      assertion = cfg.${option} != null || cfg.environmentFile != null;
      message = "services.nixfleet.${option} is required (or environmentFile with ${secrets.${option}.name}).";
    }) [ "passwordHashFile" "sessionSecretsFile" "agentTokenHashSecretFile" ];

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ cfg.port ];
    environment.systemPackages = [ cfg.package ];

    systemd.services.nixfleet = {
      description = "NixFleet control plane";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # systemd for systemd-notify.
      path = [ pkgs.gitMinimal pkgs.openssh config.systemd.package ];

      environment =
        {
          NIXFLEET_HOST = cfg.host;
          NIXFLEET_PORT = toString cfg.port;
          NIXFLEET_DATA_DIR = "%S/nixfleet";
          NIXFLEET_TRUST_PROXY_HEADERS = truth (cfg.trustedProxyIps != [ ]);
          NIXFLEET_TRUSTED_PROXY_IPS = lib.concatStringsSep "," cfg.trustedProxyIps;
          NIXFLEET_TARGETS = lib.concatStringsSep "," (lib.mapAttrsToList targetText cfg.targets);
          NIXFLEET_ALLOW_SHARED_AGENT_TOKEN = truth (cfg.apiTokenFile != null || cfg.environmentFile != null);
          HOME = "%S/nixfleet";
        }
        // lib.optionalAttrs (cfg.trustedSigners != null) { NIXFLEET_TRUSTED_SIGNERS = "${cfg.trustedSigners}"; }
        # %d is the folder of the credentials below.
        // lib.mapAttrs' (option: { name, ... }: lib.nameValuePair "${name}_FILE" "%d/${option}") given
        // cfg.settings;

      unitConfig.StartLimitIntervalSec = 0;

      serviceConfig = {
        Type = "notify";
        NotifyAccess = "all";
        ExecStart = "${lib.getExe cfg.package} serve";
        Restart = "always";
        RestartSec = 3;
        TimeoutStopSec = 15;
        LoadCredential = map credentialOf (lib.attrNames given);
        EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;

        DynamicUser = true;
        StateDirectory = "nixfleet";
        StateDirectoryMode = "0700";
        UMask = "0077";
        # A held check-in is an open connection: one per host.
        LimitNOFILE = 65536;

        CapabilityBoundingSet = "";
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateUsers = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        LockPersonality = true;
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" "AF_NETLINK" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" "@pkey" ];
        SystemCallErrorNumber = "EPERM";
      };
    };
  };
}
