// The commit that the program was built from.
#ifndef BUILD_COMMIT_H
#define BUILD_COMMIT_H

#ifdef __cplusplus
extern "C" {
#endif

// The first digits of its number, with "-modified" behind them where files differed from it; "unknown" where
// Scripts/build.sh did not write it down.
const char *_Nonnull build_commit(void);

#ifdef __cplusplus
}
#endif
#endif
