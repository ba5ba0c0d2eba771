#ifndef _INCLUDED_lateral_pre_codeobject
#define _INCLUDED_lateral_pre_codeobject

void _run_lateral_pre_codeobject();

void _debugmsg_lateral_pre_codeobject();

#endif
