# A standalone home-manager configuration as far as a deployment looks at it: its activationPackage.
{ package }:
name: folder:
let
  json = file: builtins.fromJSON (builtins.readFile (folder + "/${file}"));
  settings = json "settings.json";
  packages = package.all (json "packages.json");
in
{
  activationPackage = package.derive {
    name = "home-manager-generation";
    inherit (settings) release network;
    hostName = name;
    packages = builtins.attrValues packages;
    units = import ./units.nix packages settings.services;
    activation = builtins.path { path = ./activate; name = "activate"; };
    args = [ "-eu" (builtins.path { path = ./build-home; name = "build-home"; }) ];
  };
}
