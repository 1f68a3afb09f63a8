# The .deb: `cpack --config build/release/CPackConfig.cmake`. Dependencies come from what the programs link.
# Packing builds nothing: tests and benchmarks are none of its business.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

# All: they send their reader to each other.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md" PATTERN "man" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
# The units name the program where it is installed.
install(CODE "
  foreach(unit safard.service safar-metrics.service safar-metrics.timer)
    file(READ \"${PROJECT_SOURCE_DIR}/config/systemd/\${unit}\" text)
    string(REPLACE \"/usr/bin/safard\" \"\${CMAKE_INSTALL_PREFIX}/bin/safard\" text \"\${text}\")
    file(WRITE \"${PROJECT_BINARY_DIR}/systemd/\${unit}\" \"\${text}\")
  endforeach()")
install(DIRECTORY ${PROJECT_BINARY_DIR}/systemd/ DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME safar)
set(CPACK_PACKAGE_VENDOR "Safar")
set(CPACK_PACKAGE_CONTACT "The Safar project <safar@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION misc)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# iso-codes: the lists that code lists of the schema refer to (`safar charter draft`).
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, iso-codes")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus-node-exporter, curl, bash-completion")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Each agency of a network runs its own node, which keeps signed migration events and
replicates them to the peers that may hold them. There is no central server.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/config/packaging/postinst;${PROJECT_SOURCE_DIR}/config/packaging/prerm;${PROJECT_SOURCE_DIR}/config/packaging/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
