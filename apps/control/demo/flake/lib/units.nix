# The units of a host's services, one a line: the unit's name, then what it runs.
packages: services:
let
  unit = name: { port, starts }:
    "${name}.service ExecStart=${packages.${name}}/bin/${name} Port=${toString port} Starts=${if starts then "yes" else "no"}";
in
builtins.concatStringsSep "\n" (builtins.attrValues (builtins.mapAttrs unit services))
