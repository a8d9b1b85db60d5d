#!/usr/bin/env bash
# Usage: kafka.sh FOLDER COORDINATE...
# Resolves the jars of a Kafka broker from its Maven coordinates into FOLDER/libs, which is where a
# downloaded Kafka has them too. cmake/install.sh calls it; with KAFKA_HOME set it does not.
set -euo pipefail

folder=$1
shift
work=$folder.maven
mkdir -p "$work"
{
  echo '<project><modelVersion>4.0.0</modelVersion>'
  echo '<groupId>pathways</groupId><artifactId>kafka</artifactId><version>1</version>'
  echo '<packaging>pom</packaging><dependencies>'
  for coordinate in "$@"; do
    IFS=: read -r group artifact version <<<"$coordinate"
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId>' "$group" "$artifact"
    printf '<version>%s</version></dependency>\n' "$version"
  done
  echo '</dependencies></project>'
} >"$work/pom.xml"
mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
  -DoutputDirectory="$folder/libs"
