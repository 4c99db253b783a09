# A NixOS configuration as far as a deployment looks at it: config.system.build.toplevel with its own activation.
{ package }:
name: folder:
let
  json = file: builtins.fromJSON (builtins.readFile (folder + "/${file}"));
  settings = json "settings.json";
  packages = package.all (json "packages.json");
in
{
  config.system.build.toplevel = package.derive {
    name = "nixos-system-${name}-${settings.release}";
    inherit (settings) release network;
    hostName = name;
    kernel = packages.linux;
    packages = builtins.attrValues packages;
    units = import ./units.nix packages settings.services;
    activation = builtins.path { path = ./switch-to-configuration; name = "switch-to-configuration"; };
    args = [ "-eu" (builtins.path { path = ./build-system; name = "build-system"; }) ];
  };
}
