# Every package of this repository, for one system.
{ pkgs, src }:
let
  # The sources need Node 24.12 at least (type stripping, node:sqlite).
  nodejs = pkgs.nodejs_26 or pkgs.nodejs_24 or pkgs.nodejs;
  nodeModules = pkgs.callPackage ./node-modules.nix { inherit src nodejs; };
  program = args: pkgs.callPackage ./program.nix ({ inherit src nodejs nodeModules; } // args);
in
rec {
  nixfleet-agent = program {
    app = "agent";
    command = "nixfleet-agent";
    description = "The host's side of NixFleet";
    tools = [ pkgs.gitMinimal pkgs.openssh ];
  };
  nixfleet-control = program {
    app = "control";
    command = "nixfleet-control";
    description = "The control plane of NixFleet";
    tools = [ pkgs.gitMinimal pkgs.openssh ];
  };
  nixfleet = program {
    app = "cli";
    command = "nixfleet";
    description = "The operator's command line of NixFleet";
  };
  default = nixfleet;
}
