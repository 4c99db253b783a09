# Options of `services.nixfleet-agent` that all systems share. Names, types and defaults are those of v1 (mission 002);
# what this agent adds stands below them.
{ lib, defaultPackage }:
let
  inherit (lib) mkOption types;
in
{
  enable = lib.mkEnableOption "the NixFleet agent";

  package = mkOption {
    type = types.package;
    default = defaultPackage;
    defaultText = lib.literalExpression "nixfleet.packages.\${system}.nixfleet-agent";
    description = "The agent to run.";
  };

  url = mkOption {
    type = types.str;
    example = "https://fleet.example.com";
    description = "Address of the control plane. Must be https, except on this machine itself.";
  };

  tokenFile = mkOption {
    # Also a path literal: it is only ever turned into text, so that the secret is not copied into the store.
    type = types.either types.str types.path;
    example = "/run/agenix/nixfleet-token";
    description = ''
      File with the bootstrap token: the token alone, or `NIXFLEET_TOKEN=…` as v1 wanted it. Needed until the host has
      enrolled, and again when its own token is refused.
    '';
  };

  configRepo = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "https://git.example.com/fleet.git";
    description = ''
      The only repository this host deploys from: a URL, or the path of a repository, as the control plane's target names
      it. The agent keeps a mirror of its own and never touches a checkout. Null: the one the control plane names.
    '';
  };

  interval = mkOption {
    type = types.ints.between 1 3600;
    default = 30;
    description = "Longest time between two check-ins, seconds. Orders arrive at once, whatever this says.";
  };

  location = mkOption {
    type = types.enum [ "cloud" "home" "work" "office" "mobile" "other" ];
    default = "other";
    description = "Where the host is. What an operator sets in the control plane wins.";
  };

  deviceType = mkOption {
    type = types.enum [ "server" "desktop" "laptop" "gaming" "vm" "container" "other" ];
    default = "server";
    description = "What kind of machine it is.";
  };

  themeColor = mkOption {
    type = types.strMatching "^#[0-9a-fA-F]{6}$";
    default = "#769ff0";
    description = "Colour of the host's name.";
  };

  trustedSigners = mkOption {
    type = types.nullOr types.path;
    default = null;
    example = lib.literalExpression "./allowed-signers";
    description = ''
      Allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS). With it, only commits whose signature this host accepts are
      deployed, whoever asks; an older commit than the last one deployed is refused too, unless the run is a rollback.
    '';
  };

  requireTests = mkOption {
    type = types.bool;
    default = false;
    description = "Whether a deployment is kept only after the host's own tests (`hosts/<host>/tests/T*.sh`) pass.";
  };

  confirmWindow = mkOption {
    type = types.ints.between 1 3600;
    default = 120;
    description = ''
      How long a new system may take to reach the control plane before the host goes back to the previous one by itself,
      seconds.
    '';
  };

  extraSettings = mkOption {
    type = types.attrsOf types.anything;
    default = { };
    example = { criticality = "high"; caFile = "/etc/ssl/fleet-ca.pem"; };
    description = "Further keys of the agent's configuration file; they win over those set by the options above.";
  };
}
