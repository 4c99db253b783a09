# One host. Like the sample fleet it needs neither nixpkgs nor network; unlike it, its units are those of a real systemd.
{
  outputs = _:
    let
      machine = builtins.fromJSON (builtins.readFile ./machine.json);
      folder = name: path: builtins.path { inherit name path; };
    in
    {
      nixosConfigurations.${machine.name}.config.system.build.toplevel = derivation {
        name = "nixos-system-${machine.name}-${machine.label}";
        inherit (machine) system label;
        builder = "/bin/sh";
        args = [ "-eu" ./lib/build ];
        PATH = "/usr/bin";
        lib = folder "lib" ./lib;
        host = folder "system" (./hosts + "/${machine.name}/system");
      };
    };
}
